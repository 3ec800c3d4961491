import { fileURLToPath } from 'node:url';
import { measureProgram } from '../measure/measure-program.ts';
import { providePackage } from '../peers/provide-package.ts';
import { provideSling } from '../peers/provide-sling.ts';
import {
  countMariadbRows,
  type MariadbDatabases,
  mariadbContents,
  mariadbVariables,
} from '../source/mariadb-databases.ts';
import { countRows, query } from '../source/scratch-databases.ts';
import type { Arrived, Case, Outcome, Surroundings } from './case.ts';
import { transferBetween } from './transfer-between.ts';

const scriptPath = (name: string): string => fileURLToPath(new URL(`../peers/${name}.sh`, import.meta.url));

function databasesOf({ mariadb }: Surroundings): MariadbDatabases {
  if (!mariadb) throw new Error('no MariaDB is there');
  return mariadb;
}

/** What the source has, once for all runs. */
const known = new Map<string, Promise<string>>();

function sourceContents(url: string): Promise<string> {
  const before = known.get(url);
  if (before) return before;
  const contents = mariadbContents(url);
  known.set(url, contents);
  return contents;
}

const to = { group: 'to-mariadb', tableExists: true, sameContents: false } as const;
const from = { group: 'from-mariadb', tableExists: false, sameContents: false } as const;

const OTHER_CONTENTS = 'the target has other contents than the source';

type Variables = Readonly<Record<string, string>>;

/** A case of a script, into MariaDB or out of it. */
function peer(
  shared: typeof to | typeof from,
  name: string,
  options: Pick<Case, 'title'> & {
    readonly script: string;
    readonly provide?: () => Promise<Variables | null>;
    readonly tableExists?: boolean;
    readonly mostRuns?: number;
  },
): Case {
  const { title, script, provide, tableExists = shared.tableExists, mostRuns } = options;
  return {
    ...shared,
    name,
    title,
    tableExists,
    side: 'peer',
    ...(mostRuns !== undefined && { mostRuns }),
    run: async (surroundings): Promise<Outcome> => {
      const more = provide ? await provide() : {};
      if (!more) return { seconds: 0, cpuSeconds: 0, peakBytes: 0, extra: {}, error: 'cannot be had here' };
      const mariadb = databasesOf(surroundings);
      const intoMariadb = shared.group === 'to-mariadb';
      const result = await measureProgram('bash', [scriptPath(script)], {
        SOURCE: intoMariadb ? surroundings.source : mariadb.source,
        TARGET: intoMariadb ? mariadb.target : surroundings.target,
        SCRATCH: surroundings.scratch,
        ...mariadbVariables(intoMariadb ? mariadb.target : mariadb.source),
        ...more,
      });
      const arrived = intoMariadb && { arrived: () => arrivedInMariadb(surroundings, tableExists) };
      return { ...result, extra: {}, ...arrived };
    },
  };
}

/** The rows that MariaDB has; their contents are compared where the table is ours and not one that the tool made. */
async function arrivedInMariadb(surroundings: Surroundings, compare: boolean): Promise<Arrived> {
  const { source, target } = databasesOf(surroundings);
  const rows = await countMariadbRows(target);
  const same = !compare || (await mariadbContents(target)) === (await sourceContents(source));
  return { rows, error: same ? null : OTHER_CONTENTS };
}

const sling = async (): Promise<Variables | null> => {
  const binary = await provideSling();
  return binary === null ? null : { SLING: binary };
};
const pgloader = async (): Promise<Variables | null> =>
  (await providePackage('pgloader')) === null ? null : {};

/** The same text of a row on both sides, as far as a table that we made has it. */
const CELLS = `concat_ws('|', id, customer_id, status, amount, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US'),
  coalesce(note, '~'), payload, qty, flag::int, ref)`;

async function postgresContents(url: string): Promise<string> {
  const sum = `sum(('x' || left(md5(${CELLS}), 12))::bit(48)::bigint)`;
  const [row] = await query(url, `select count(*) || ' ' || ${sum} from orders`);
  return row?.[0] ?? '';
}

export const MARIADB: readonly Case[] = [
  {
    ...to,
    name: 'sluice-pg-mariadb',
    title: 'Sluice',
    side: 'ours',
    run: async (surroundings) => {
      const { target } = databasesOf(surroundings);
      const outcome = await transferBetween(surroundings, { source: surroundings.source, target });
      return { ...outcome, arrived: () => arrivedInMariadb(surroundings, true) };
    },
  },
  peer(to, 'psql-mariadb', {
    title: 'psql COPY text \\| mariadb LOAD DATA, key present',
    script: 'psql-mariadb',
  }),
  peer(to, 'psql-mariadb-bulk', {
    title: 'the same with unique_checks and foreign_key_checks off',
    script: 'psql-mariadb',
    provide: () => Promise.resolve({ CHECKS: '0' }),
    mostRuns: 1,
  }),
  peer(to, 'sling-pg-mariadb', {
    title: 'Sling 1.4.11',
    script: 'sling',
    provide: sling,
    tableExists: false,
    mostRuns: 1,
  }),
  {
    ...from,
    name: 'sluice-mariadb-pg',
    title: 'Sluice',
    side: 'ours',
    run: async (surroundings) => {
      const { source } = databasesOf(surroundings);
      const outcome = await transferBetween(surroundings, { source, target: surroundings.target });
      const arrived = async (): Promise<Arrived> => {
        const rows = await countRows(surroundings.target, 'orders');
        const same = (await postgresContents(surroundings.target)) === (await sourceContents(source));
        return { rows, error: same ? null : OTHER_CONTENTS };
      };
      return { ...outcome, arrived };
    },
  },
  peer(from, 'sling-mariadb-pg', { title: 'Sling 1.4.11, makes no key', script: 'sling', provide: sling }),
  peer(from, 'pgloader', { title: 'pgloader, what it holds bounded', script: 'pgloader', provide: pgloader }),
];
