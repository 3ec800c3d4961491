import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { KeyRange } from '../../src/model/lane.ts';
import type { Position } from '../../src/model/row-block.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TestRow } from '../contract/harness.ts';
import { never, planOf, readBlocks, readRanges, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import {
  type PostgresPlace,
  postgresPlace,
  postgresqlHarness,
  serverMajor,
  skipLongFloats,
} from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

/** Key types with values in their order; each is read in both encodings and cut by both kinds of bounds. */
const KEYS: readonly {
  readonly type: string;
  readonly values: readonly string[];
  /** First version of PostgreSQL that has them. */
  readonly since?: number;
}[] = [
  { type: 'smallint', values: ['-32768', '-1', '0', '32767'] },
  { type: 'integer', values: ['-2147483648', '0', '2147483647'] },
  { type: 'oid', values: ['1', '3000000000', '4294967295'] },
  { type: 'numeric', values: ['-1.10', '0', '0.000001', '12345678901234567890.5', 'NaN'] },
  { type: 'numeric', values: ['-Infinity', '0', 'Infinity', 'NaN'], since: 14 },
  { type: 'numeric(12,2)', values: ['-1.10', '0.00', '99.99'] },
  { type: 'double precision', values: ['-Infinity', '-1e-300', '0.1', '1e+300', 'Infinity', 'NaN'] },
  { type: 'real', values: ['-1.1', '1e-45', '3.4028235e+38'] },
  { type: 'boolean', values: ['f', 't'] },
  { type: 'date', values: ['-infinity', '0044-03-15 BC', '2024-02-29', '10000-01-01', 'infinity'] },
  { type: 'timestamp(3)', values: ['2024-01-01 00:00:00', '2024-01-01 00:00:00.001'] },
  {
    type: 'timestamptz',
    values: ['-infinity', '0044-03-15 01:00:00+00 BC', '2024-01-01 00:00:00.000001+00'],
  },
  { type: 'time', values: ['00:00:00', '24:00:00'] },
  { type: 'interval', values: ['PT-1S', 'PT1S', 'P1D', 'P1M'] },
  { type: 'money', values: ['-1.10', '12.30'] },
  { type: 'uuid', values: ['00000000-0000-0000-0000-000000000000', 'c0ffee00-1234-4abc-8def-0123456789ab'] },
  { type: 'bytea', values: ['\\x', '\\x00', '\\x5c', '\\xff00'] },
  { type: 'char(4)', values: ['a   ', 'ab  ', 'b   '] },
  { type: 'varchar(9)', values: ['', ' ', "'", 'A', '\\N', 'a\tb', '🙂'] },
  { type: 'name', values: ['A', 'a'] },
  { type: 'bit(3)', values: ['001', '100'] },
  { type: 'inet', values: ['10.0.0.0/8', '10.0.0.1', '::1'] },
  { type: 'int4range', values: ['empty', '[1,5)', '[2,3)'] },
  { type: 'text[]', values: ['{}', '{"a,b","\\\\"}', '{b}'] },
  { type: 'jsonb', values: ['null', '"x"', '1', '{"a": 1}'] },
  { type: 'mood', values: ['sad', 'ok', 'it\'s "fine"'] },
  { type: 'public.short', values: ['a', 'b\\'] },
  { type: 'other."Odd, type"', values: ['A', 'b', 'C'] },
  { type: 'other.pair', values: ['(1,a)', '(2,)', '(,)'] },
];

const SETUP = `
  CREATE SCHEMA other;
  CREATE EXTENSION citext SCHEMA other;
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"');
  CREATE DOMAIN shorter AS varchar(7);
  CREATE DOMAIN short AS shorter CHECK (VALUE <> 'x');
  ALTER TYPE other.citext RENAME TO "Odd, type";
  CREATE TYPE other.pair AS (a int, b text);`;

describeWith(['postgres'], 'reading PostgreSQL', () => {
  let place: PostgresPlace;
  let database: Database;

  beforeAll(async () => {
    place = await postgresPlace();
    database = await place.open();
    await place.execute(SETUP);
  });
  afterAll(() => place.drop());

  const planFor = async (table: string, encoding: 'auto' | 'text-rows'): Promise<TablePlan> => {
    const databases = { source: database, target: database };
    return (await planOf(postgresqlHarness, databases, table, { spec: { read: { encoding } } })).plan;
  };
  const positions = async (plan: TablePlan, ranges: readonly KeyRange[]): Promise<Position[]> => {
    const all: Position[] = [];
    for (const range of ranges) {
      const blocks = await readBlocks(database, { plan, range }, { ...smallBlocks, blockRows: 1 });
      all.push(...blocks.map(({ last }) => last));
    }
    return all;
  };

  describe.each(KEYS)('a key of type $type', ({ type, values, since = 0 }) => {
    const table = `key ${type} ${values.length}`;
    beforeAll(async () => {
      if ((await serverMajor()) < since) return;
      const rows = values.map((value) => `('${value.replaceAll("'", "''")}', 'x')`);
      await place.execute(`CREATE TABLE "${table.replaceAll('"', '""')}" (note text, id ${type} PRIMARY KEY);
        INSERT INTO "${table.replaceAll('"', '""')}" (id, note) VALUES ${rows.reverse().join(', ')}`);
    });

    test.for(['text-rows', 'auto'] as const)('cuts, orders and resumes (%s)', async (encoding, { skip }) => {
      skip((await serverMajor()) < since, `there since version ${since}`);
      if (['double precision', 'real'].includes(type)) await skipLongFloats(skip);
      const plan = await planFor(table, encoding);
      const expected = values.map((value): Position => [value]);
      expect(await positions(plan, [wholeRange])).toEqual(expected);
      const ranges = await database.reader.planRanges(plan, { rowsPerRange: 1, snapshot: null }, never());
      expect(ranges.length).toBeGreaterThanOrEqual(values.length);
      expect(await positions(plan, ranges)).toEqual(expected);
      for (const [index, value] of values.entries()) {
        expect(await positions(plan, [{ lane: 1, after: [value], upto: null }])).toEqual(
          expected.slice(index + 1),
        );
      }
    });
  });

  test('a large table is cut by a sample of its pages into ranges of about the size asked for', async () => {
    await place.execute(`
      CREATE TABLE large (a int, b text, note text, PRIMARY KEY (a, b));
      INSERT INTO large SELECT g / 7, 'k' || g % 7, repeat('x', 200) FROM generate_series(1, 120000) g;
      ANALYZE large;
      -- The planner's number of rows is what decides for a sample.
      UPDATE pg_class SET reltuples = 12000000 WHERE relname = 'large';`);
    const plan = await planFor('large', 'text-rows');
    const ranges = await database.reader.planRanges(
      plan,
      { rowsPerRange: 1_200_000, snapshot: null },
      never(),
    );
    expect(ranges.length).toBeGreaterThanOrEqual(8);
    expect(ranges.length).toBeLessThanOrEqual(13);
    const counts: number[] = [];
    for (const range of ranges) {
      const blocks = await readBlocks(
        database,
        { plan, range },
        { blockBytes: 1e9, blockRows: 1e9, mostRowBytes: 1e9, snapshot: null },
      );
      counts.push(blocks.reduce((sum, { rows }) => sum + rows, 0));
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(120_000);
    expect(Math.max(...counts)).toBeLessThan(24_000);
  });

  test('a partitioned table is one table, read through its root, with and without a key', async () => {
    await place.execute(`
      CREATE TABLE parted (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
      CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
      CREATE TABLE parted_1_a PARTITION OF parted_1 DEFAULT;
      CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
      INSERT INTO parted SELECT g, date '2024-07-01' + g FROM generate_series(1, 400) g;
      CREATE TABLE keyless_parted (id int) PARTITION BY HASH (id);
      CREATE TABLE keyless_parted_0 PARTITION OF keyless_parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE keyless_parted_1 PARTITION OF keyless_parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      INSERT INTO keyless_parted SELECT g FROM generate_series(1, 300) g;`);
    const listed = (await database.introspector.listTables(never())).map(({ table }) => table.name);
    expect(listed.filter((name) => name.includes('parted'))).toEqual(['keyless_parted', 'parted']);
    const plan = await planFor('parted', 'auto');
    const ranges = await database.reader.planRanges(plan, { rowsPerRange: 100, snapshot: null }, never());
    expect((await positions(plan, ranges)).map(([id]) => Number(id))).toEqual(
      Array.from({ length: 400 }, (_, index) => index + 1),
    );
    const keyless = await planFor('keyless_parted', 'auto');
    const held = await database.reader.holdSnapshot(never());
    const options = { ...smallBlocks, blockRows: 90, snapshot: held.ref };
    const blocks = await readBlocks(database, { plan: keyless, range: wholeRange }, options);
    for (const [index, block] of blocks.entries()) {
      const rest = await readBlocks(
        database,
        { plan: keyless, range: wholeRange, after: block.last },
        options,
      );
      const expected = blocks.slice(index + 1);
      expect(Buffer.concat(rest.map(({ data }) => data))).toEqual(
        Buffer.concat(expected.map(({ data }) => data)),
      );
    }
    expect(blocks.reduce((sum, { rows }) => sum + rows, 0)).toBe(300);
    await held.close();
    expect(await database.reader.countRows(keyless, never())).toBe(300n);
    expect((await database.reader.checksum(plan, null, never())).rows).toBe(400n);
  });

  test('an inheritance parent is read without its children, which are tables of their own', async () => {
    await place.execute(`CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
      INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)`);
    const listed = (await database.introspector.listTables(never())).map(({ table }) => table.name);
    expect(listed).toEqual(expect.arrayContaining(['parent', 'child']));
    const [child] = await database.introspector.describeTables(
      [{ schema: 'public', name: 'child' }],
      never(),
    );
    expect(child).toMatchObject({ kind: 'inheritance-child', parent: { schema: 'public', name: 'parent' } });
    expect(await readRanges(database, await planFor('parent', 'text-rows'), [wholeRange])).toEqual([['1']]);
    expect(await readRanges(database, await planFor('child', 'text-rows'), [wholeRange])).toEqual([['2']]);
    expect(await database.reader.countRows(await planFor('parent', 'text-rows'), never())).toBe(1n);
  });

  test('a big table without a key is cut by pages and stays in the order of its row addresses', async ({
    skip,
  }) => {
    skip((await serverMajor()) < 14, 'no scan of a range of row addresses before PostgreSQL 14');
    await place.execute(`CREATE TABLE log (id int, note text); INSERT INTO log SELECT g, repeat('y', 100) FROM generate_series(1, 60000) g;
      DELETE FROM log WHERE id % 3 = 0 AND id < 30000`);
    const plan = await planFor('log', 'text-rows');
    const held = await database.reader.holdSnapshot(never());
    await place.execute(
      'DELETE FROM log WHERE id > 59000; UPDATE log SET note = note WHERE id < 5000; ANALYZE log',
    );
    const ranges = await database.reader.planRanges(
      plan,
      { rowsPerRange: 5_000, snapshot: held.ref },
      never(),
    );
    expect(ranges.length).toBeGreaterThan(8);
    const options = { blockBytes: 100_000, blockRows: 1_000, mostRowBytes: 1e9, snapshot: held.ref };
    const rows = await readRanges(database, plan, ranges, options);
    const ids = rows.map(([id]) => Number(id));
    expect(ids).toEqual(
      Array.from({ length: 60_000 }, (_, index) => index + 1).filter((id) => id % 3 !== 0 || id >= 30_000),
    );
    await held.close();
  });

  test('what role and database have as their settings changes no text', async ({ skip }) => {
    await skipLongFloats(skip);
    await place.execute(`
      ALTER DATABASE "${place.name}" SET DateStyle = 'German';
      ALTER DATABASE "${place.name}" SET TimeZone = 'Asia/Kolkata';
      ALTER DATABASE "${place.name}" SET IntervalStyle = 'sql_standard';
      ALTER DATABASE "${place.name}" SET extra_float_digits = -5;
      ALTER DATABASE "${place.name}" SET bytea_output = 'escape';
      ALTER DATABASE "${place.name}" SET search_path = other;
      ALTER DATABASE "${place.name}" SET standard_conforming_strings = off;
      ALTER DATABASE "${place.name}" SET statement_timeout = '2s';
      CREATE TABLE public.pinned (id text PRIMARY KEY, t timestamptz, i interval, f float8, b bytea);
      INSERT INTO public.pinned VALUES ('back\\\\slash', '2024-07-01 12:00:00+02', '1 day 2 hours', 0.1::float8 + 0.2::float8, decode('00ff', 'hex'))`);
    const fresh = await place.open();
    const { plan } = await planOf(postgresqlHarness, { source: fresh, target: fresh }, 'pinned', {
      spec: { read: { encoding: 'text-rows' } },
    });
    const expected: TestRow[] = [
      ['back\\\\slash', '2024-07-01 10:00:00+00', 'P1DT2H', '0.30000000000000004', '\\x00ff'],
    ];
    try {
      expect(await readRanges(fresh, plan, [wholeRange])).toEqual(expected);
      expect(await readRanges(fresh, plan, [{ ...wholeRange, after: ['back\\\\slasg'] }])).toEqual(expected);
    } finally {
      await place.execute(`ALTER DATABASE "${place.name}" RESET ALL`);
    }
  });

  test('a slow consumer holds the reading up: little is read ahead', async ({ skip }) => {
    await place.execute(
      `CREATE TABLE wide (id int PRIMARY KEY, note text); INSERT INTO wide SELECT g, repeat(md5(g::text), 300) FROM generate_series(1, 12000) g`,
    );
    skip((await serverMajor()) < 14, 'no pg_stat_progress_copy before PostgreSQL 14');
    const plan = await planFor('wide', 'auto');
    const sent = async (): Promise<number> => {
      const [row] = await place.query(
        `SELECT max(tuples_processed) FROM pg_stat_progress_copy WHERE datname = '${place.name}'`,
      );
      return Number(row?.[0] ?? 0);
    };
    let blocks = 0;
    for await (const _ of database.reader.readRange(
      { plan, range: wholeRange, after: null },
      { ...smallBlocks, blockBytes: 256 * 1024, blockRows: 1e6 },
      never(),
    )) {
      blocks += 1;
      if (blocks > 1) continue;
      let last = -1;
      await vi.waitFor(
        async () => {
          const before = last;
          last = await sent();
          expect(last).toBe(before);
        },
        { interval: 200, timeout: 5_000 },
      );
      // One block of 27 rows is ahead; the rest is what the sockets' buffers of both sides hold: up to 20 MB here.
      expect(last).toBeLessThan(12_000 / 3);
    }
    expect(blocks).toBeGreaterThan(300);
  });

  test('a snapshot whose connection is cut is reported as lost', async () => {
    const held = await database.reader.holdSnapshot(never());
    await place.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${place.name}' AND state = 'idle in transaction'`,
    );
    await vi.waitFor(() =>
      expect(held.check(never())).rejects.toMatchObject({ code: 'source.snapshot_lost' }),
    );
    await held.close();
  });

  test('a read that is cut off fails as unreachable, and the next one works', async () => {
    const plan = await planFor('wide', 'auto');
    const read = async (): Promise<void> => {
      for await (const _ of database.reader.readRange(
        { plan, range: wholeRange, after: null },
        { ...smallBlocks, blockRows: 100 },
        never(),
      )) {
        await place.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${place.name}' AND query LIKE 'COPY%'`,
        );
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'database.unreachable' });
    expect(await database.reader.countRows(plan, never())).toBe(12_000n);
  });

  test('an aborted checksum ends at the server too', async () => {
    const plan = { ...(await planFor('wide', 'auto')), where: 'pg_sleep(0.05) IS NOT NULL' };
    const stop = new AbortController();
    const running = async (): Promise<number> => {
      const [row] = await place.query(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = '${place.name}' AND state = 'active' AND query LIKE '%md5%' AND pid <> pg_backend_pid()`,
      );
      return Number(row?.[0]);
    };
    const checksum = database.reader.checksum(plan, null, stop.signal).catch((error: unknown) => error);
    await vi.waitFor(async () => expect(await running()).toBe(1));
    stop.abort(new Error('enough'));
    expect(await checksum).toMatchObject({ message: 'enough' });
    await vi.waitFor(async () => expect(await running()).toBe(0));
  });
});
