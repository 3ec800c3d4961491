import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';
import { measureProgram } from '../measure/measure-program.ts';
import { provideSling } from '../peers/provide-sling.ts';
import type { Case, Surroundings } from './case.ts';
import { transferBetween } from './transfer-between.ts';

const MAKE_SOURCE = fileURLToPath(new URL('../source/orders-sqlite.sh', import.meta.url));
const SLING = fileURLToPath(new URL('../peers/sling.sh', import.meta.url));

const fromHere = { group: 'sqlite', tableExists: false, sameContents: false } as const;

function countRows(file: string): number {
  if (!existsSync(file)) return 0;
  const database = new Database(file, { readonly: true });
  try {
    return Number(database.prepare('select count(*) from orders').pluck().get());
  } finally {
    database.close();
  }
}

/** Made once a group, outside of what is measured. */
async function sourceFile({ shared, source }: Surroundings): Promise<string> {
  const file = join(shared, 'source.db');
  if (!existsSync(file)) {
    await runProgram('bash', [MAKE_SOURCE], { env: { ...process.env, SOURCE: source, FILE: file } });
  }
  return file;
}

export const SQLITE: readonly Case[] = [
  {
    ...fromHere,
    name: 'sluice-pg-sqlite',
    title: 'PostgreSQL to SQLite: Sluice',
    side: 'ours',
    run: async (surroundings) => {
      const file = join(surroundings.scratch, 'target.db');
      const outcome = await transferBetween(surroundings, {
        source: surroundings.source,
        target: `sqlite:${file}`,
      });
      return { ...outcome, arrived: () => Promise.resolve({ rows: countRows(file), error: null }) };
    },
  },
  {
    ...fromHere,
    name: 'sling-pg-sqlite',
    title: 'PostgreSQL to SQLite: Sling 1.4.11',
    side: 'peer',
    run: async ({ source, scratch }) => {
      const file = join(scratch, 'target.db');
      const sling = (await provideSling()) ?? '';
      const variables = { SLING: sling, SOURCE: source, TARGET: `sqlite://${file}`, SCRATCH: scratch };
      const result = await measureProgram('bash', [SLING], variables);
      return { ...result, extra: {}, arrived: () => Promise.resolve({ rows: countRows(file), error: null }) };
    },
  },
  {
    ...fromHere,
    name: 'sluice-sqlite-pg',
    title: 'SQLite to PostgreSQL: Sluice',
    side: 'ours',
    run: async (surroundings) => {
      const source = `sqlite:${await sourceFile(surroundings)}`;
      return transferBetween(surroundings, { source, target: surroundings.target });
    },
  },
];
