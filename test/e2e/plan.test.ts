import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import type { TestPlace } from '../contract/harness.ts';
import { createFolder } from '../support/databases.ts';
import { mariadbPlace } from '../support/mariadb-harness.ts';
import { postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith, servers } from '../support/servers.ts';
import { sluice, writeConfig } from '../support/sluice.ts';
import { sqlitePlace } from '../support/sqlite-harness.ts';
import { createWorld } from '../support/transfer-world.ts';

type Place = TestPlace & { readonly url: string };

const POSTGRESQL = `CREATE TABLE t (id bigint PRIMARY KEY, ip inet, "where" point, ratio double precision, day date, name text);
  INSERT INTO t VALUES (1, '10.0.0.1', '(1,2)', 'NaN', 'infinity', 'a'), (2, '::1', NULL, 'Infinity', '2024-01-01', 'b')`;
const MARIADB = `CREATE TABLE t (id bigint PRIMARY KEY, ip inet6, shape geometry, flag tinyint(1), span time(6), name varchar(20));
  INSERT INTO t VALUES (1, '::1', NULL, 1, '25:00:00', 'a')`;

interface Pair {
  readonly from: () => Promise<Place>;
  readonly to: () => Promise<Place>;
  readonly sql: string;
  readonly unsupported: readonly string[];
  /** Column, source type, logical type, target type, verdict, policy, and part of the reason. */
  readonly lines: readonly (readonly string[])[];
}

const PAIRS: Readonly<Record<string, Pair>> = {
  'PostgreSQL to MariaDB': {
    from: postgresPlace,
    to: mariadbPlace,
    sql: POSTGRESQL,
    unsupported: ['ip', 'where'],
    lines: [
      ['ip', 'inet', 'text', 'longtext', 'exact', 'text', 'the text that postgresql writes for inet'],
      ['ratio', 'double precision', 'float64', 'double', 'LOSSY', 'null', 'NaN and infinities are refused'],
      [
        'day',
        'date',
        'date',
        'date',
        'LOSSY',
        'clamp',
        'years before 1 or after 9999 and infinity are refused',
      ],
      ['name', 'text', 'text', 'longtext', 'exact', 'error'],
    ],
  },
  'MariaDB to PostgreSQL': {
    from: mariadbPlace,
    to: postgresPlace,
    sql: MARIADB,
    unsupported: ['ip', 'shape'],
    lines: [
      ['ip', 'inet6', 'text', 'text', 'exact', 'text', 'the text that mysql writes for inet6'],
      ['span', 'time(6)', 'time(6)', 'time without time zone', 'LOSSY', 'clamp', 'times below 00:00:00'],
      ['flag', 'tinyint(1)', 'boolean', 'boolean', 'LOSSY', 'null', 'becomes NULL and is counted'],
    ],
  },
  'PostgreSQL to SQLite': {
    from: postgresPlace,
    to: sqlitePlace,
    sql: POSTGRESQL,
    unsupported: ['ip', 'where'],
    lines: [
      ['ip', 'inet', 'text', 'TEXT', 'exact', 'text', 'the text that postgresql writes for inet'],
      ['ratio', 'double precision', 'float64', 'DOUBLE_BLOB', 'exact', 'error'],
    ],
  },
};

const POLICIES: Readonly<Record<string, 'text' | 'null' | 'clamp'>> = {
  ip: 'text',
  where: 'text',
  shape: 'text',
  ratio: 'null',
  flag: 'null',
  day: 'clamp',
  span: 'clamp',
};

describeWith(['postgres', 'mariadb', 'nats', 'temporal'], 'a plan says beforehand what will not fit:', () => {
  let folder: Awaited<ReturnType<typeof createFolder>>;
  const places: Place[] = [];

  beforeEach(async () => {
    folder = await createFolder();
  });
  afterEach(async () => {
    await Promise.all(places.splice(0).map((place) => place.drop()));
    await folder.remove();
  });

  const planned = async (ends: readonly Place[], spec: Partial<TransferSpec>, ...args: readonly string[]) => {
    const [source, target] = ends.map(({ url }) => ({ url }));
    const transfers = {
      move: { source: 'source', hub: 'hub', target: 'target', tables: { '*.t': {} }, ...spec },
    };
    const connections = { source, target, hub: { url: servers().natsUrl } };
    const configPath = await writeConfig(folder.path, { version: 1, connections, transfers });
    return sluice({ configPath, temporalAddress: '127.0.0.1:1', taskQueue: 'none' }, 'plan', 'move', ...args);
  };

  test.each(Object.entries(PAIRS))('%s', async (_, { from, to, sql, unsupported, lines }) => {
    const [source, target] = await Promise.all([from(), to()]);
    places.push(source, target);
    await source.execute(sql);
    const refused = await planned([source, target], {});
    expect(refused.code).toBe(4);
    expect(refused.stdout).toContain('type.unsupported');
    for (const name of unsupported) expect(refused.stdout).toContain(name);

    const mine = Object.entries(POLICIES).filter(([name]) => new RegExp(`\\b${name}\\b`).test(sql));
    const columns = {
      policies: Object.fromEntries(mine.filter(([name]) => name !== 'day' || to !== sqlitePlace)),
    };
    const found = await planned([source, target], { tables: { '*.t': { columns } } });
    for (const [name = '', ...cells] of lines) {
      const line = found.stdout.split('\n').find((each) => each.trim().startsWith(`${name} `));
      for (const cell of cells) expect(line).toContain(cell);
    }
    const json = await planned([source, target], { tables: { '*.t': { columns } } }, '--output', 'json');
    const [table] = JSON.parse(json.stdout) as { plan: { columns: Record<string, unknown>[] } }[];
    for (const [name, sourceType, , targetType, verdict, policy] of lines) {
      expect(table?.plan.columns.find((each) => each['source'] === name)).toMatchObject({
        sourceType,
        targetType,
        exact: verdict === 'exact',
        policy,
      });
    }
    // Nothing was made: there is no table to read.
    await expect(target.query('SELECT * FROM t')).rejects.toThrow(/t/);
  });

  test('what a policy altered is counted in the report', async () => {
    const [source, target] = await Promise.all([postgresPlace(), mariadbPlace()]);
    places.push(source, target);
    await source.execute(POSTGRESQL);
    const world = await createWorld({
      source: source.url,
      target: target.url,
      spec: {
        tables: { t: { columns: { policies: POLICIES_OF_POSTGRESQL } } },
        completion: { verify: 'checksum' },
      },
    });
    try {
      world.worker();
      await world.start();
      const report = await world.result();
      expect(report).toMatchObject({ phase: 'finished', equal: 1 });
      expect(report.tables[0]?.altered).toEqual([
        { column: 'ratio', policy: 'null', rows: '2' },
        { column: 'day', policy: 'clamp', rows: '1' },
      ]);
      const { stdout } = await world.cli('report', world.transfer);
      expect(stdout).toContain('public.t.ratio: 2 values became NULL');
      expect(stdout).toContain('public.t.day: 1 values became the nearest that the target holds');
    } finally {
      await world.close();
    }
  });
});

const POLICIES_OF_POSTGRESQL = { ip: 'text', where: 'text', ratio: 'null', day: 'clamp' } as const;
