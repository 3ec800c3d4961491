import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { computeTablePlan } from '../../src/engine/planning/compute-table-plan.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { readQuery } from '../../src/engine/planning/source-query.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { TableSelection } from '../../src/model/transfer-spec.ts';
import { type ContractHarness, nameOf, type TestPlace, type TestRow, type TestTable } from './harness.ts';
import {
  cellsOf,
  checksumByDefinition,
  createTestTable,
  never,
  planOf,
  quoteOf,
  readBlocks,
  readRanges,
  smallBlocks,
  sorted,
  wholeRange,
} from './test-tables.ts';

const TEXT = { spec: { read: { encoding: 'text-rows' } } } as const;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const orders: TestTable = {
  name: 'orders',
  key: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'note', type: 'text' },
  ],
};
const log: TestTable = { name: 'log', columns: orders.columns };
const rowsOf = (ids: readonly number[]): TestRow[] => ids.map((id) => [String(id), `note ${id % 7}`]);

/** What a source does with conditions, with the first rows only, and with a query in the place of a table. */
export function describeSelection(harness: ContractHarness): void {
  const quote = quoteOf(harness);

  describe(`${harness.title}: selection`, () => {
    let place: TestPlace;
    let database: Database;

    beforeEach(async () => {
      place = await harness.place();
      database = await place.open({ maxConnections: 4 });
    });
    afterEach(() => place.drop());

    const planned = async (table: TestTable, rows: readonly TestRow[], selection: TableSelection) => {
      await createTestTable(harness, place, table, rows);
      const ends = { source: database, target: database };
      return (await planOf(harness, ends, table.name, { ...TEXT, selection })).plan;
    };

    const describeQuery = (query: string, key: readonly string[] = []) => {
      const table = nameOf(harness, 'report', database);
      return database.introspector.describeQuery!({ table, query: readQuery(table, query), key }, never());
    };

    const planQuery = async (query: string, key?: string[], rest: TableSelection = {}): Promise<TablePlan> =>
      computeTablePlan({
        spec: { source: 'a', hub: 'h', target: 'b', tables: {}, ...TEXT.spec },
        selection: { query, ...(key && { key }), ...rest },
        ordinal: 1,
        source: { dialect: harness.dialect, table: await describeQuery(query, key) },
        target: { dialect: harness.dialect, name: nameOf(harness, 'report', database), table: null },
      });

    const rangesOf = (plan: TablePlan, rowsPerRange = 40, snapshot: string | null = null) =>
      database.reader.planRanges(plan, { rowsPerRange, snapshot }, never());

    const inSnapshot = async (work: (snapshot: string) => Promise<void>): Promise<void> => {
      const held = await database.reader.holdSnapshot(never());
      try {
        await work(held.ref);
      } finally {
        await held.close();
      }
    };

    /** Reading on after any block gives what comes behind it. */
    const expectRest = async (plan: TablePlan, snapshot: string | null): Promise<TestRow[]> => {
      const options = { ...smallBlocks, blockRows: 40, snapshot };
      const all = await readBlocks(database, { plan, range: wholeRange }, options);
      for (const [index, block] of all.entries()) {
        const request = { plan, range: wholeRange, after: block.last };
        const rest = await readBlocks(database, request, { ...options, blockRows: 33 });
        const behind = all.slice(index + 1).map(({ data }) => data);
        expect(Buffer.concat(rest.map(({ data }) => data)).equals(Buffer.concat(behind))).toBe(true);
      }
      return all.flatMap(({ data }) => cellsOf(data));
    };

    /** Count, checksum and the digests of rows are those of the expected rows. */
    const expectCompared = async (plan: TablePlan, expected: readonly TestRow[]): Promise<void> => {
      expect(await database.reader.countRows(plan, never())).toBe(BigInt(expected.length));
      expect(await database.reader.checksum(plan, null, never())).toEqual(checksumByDefinition(expected));
      const request = { plan, side: 'source', range: null, keys: [0], buckets: 4 } as const;
      const sums = await database.inspector.bucketSums(request, never());
      expect(sums.reduce((sum, { rows }) => sum + rows, 0n)).toBe(BigInt(expected.length));
      const all = { ...request, chosen: [0, 1, 2, 3] };
      const digests = await database.inspector.rowDigests(all, never());
      expect(sorted(digests.map(({ key }) => [key[0] ?? null]))).toEqual(
        sorted(expected.map(([id]) => [id ?? null])),
      );
    };

    test('a table without a key is read on after any block, also where an index finds the rows of its condition', async () => {
      const ids = upTo(600).map((n) => (n * 37) % 601);
      const plan = await planned(log, rowsOf(ids), { where: `${quote('id')} > 300` });
      await place.execute(`CREATE INDEX by_id ON ${quote('log')} (${quote('id')})`);
      const expected = rowsOf(ids.filter((id) => id > 300));
      const check = async (snapshot: string | null): Promise<void> =>
        expect(sorted(await expectRest(plan, snapshot))).toEqual(sorted(expected));
      await (plan.position.needsSnapshot ? inSnapshot(check) : check(null));
      await expectCompared(plan, expected);
    });

    test('the first rows of a table are those of its key, also behind a condition and after a position', async () => {
      const where = `MOD(${quote('id')}, 2) = 0`;
      const plan = await planned(orders, rowsOf(upTo(300)), { limit: { rows: 100 }, where });
      const expected = rowsOf(upTo(100).map((n) => 2 * n));
      const first = { ...smallBlocks, mostRows: 100 };
      expect(await readRanges(database, plan, [wholeRange], first)).toEqual(expected);
      const rest = await readBlocks(
        database,
        { plan, range: wholeRange, after: ['60'] },
        { ...first, mostRows: 70 },
      );
      expect(rest.flatMap(({ data }) => cellsOf(data))).toEqual(expected.slice(30));
      await expectCompared(plan, expected);
    });

    test('the first rows of a table without a key are the same each time, also after a position', async () => {
      const rows = rowsOf(upTo(300).map((n) => n % 50));
      const plan = await planned(log, rows, { limit: { rows: 120 } });
      const check = async (snapshot: string | null): Promise<void> => {
        const options = { ...smallBlocks, mostRows: 120, snapshot };
        const all = await readBlocks(database, { plan, range: wholeRange }, options);
        const read = all.flatMap(({ data }) => cellsOf(data));
        expect(read).toHaveLength(120);
        expect(await database.reader.checksum(plan, null, never())).toEqual(checksumByDefinition(read));
        const at = all[5]!;
        const done = all.slice(0, 6).reduce((sum, block) => sum + block.rows, 0);
        const rest = await readBlocks(
          database,
          { plan, range: wholeRange, after: at.last },
          { ...options, mostRows: 120 - done },
        );
        expect(rest.flatMap(({ data }) => cellsOf(data))).toEqual(read.slice(done));
      };
      await (plan.position.needsSnapshot ? inSnapshot(check) : check(null));
      expect(await database.reader.countRows(plan, never())).toBe(120n);
    });

    describe.runIf(harness.noQueries !== true)('of a query', () => {
      const COUNTED = `SELECT o.${quote('id')} AS ${quote('order id')}, o.${quote('note')} FROM ${quote('orders')} o WHERE o.${quote('id')} > 20 -- with a comment at its end`;

      test('a query with a key is read in ranges, counted and compared like a table', async () => {
        await createTestTable(harness, place, orders, rowsOf(upTo(320)));
        const plan = await planQuery(`${COUNTED}\n;`, ['order id']);
        expect(plan.columns.map(({ source, nullable }) => [source, nullable])).toEqual([
          ['order id', false],
          ['note', true],
        ]);
        expect(plan.position).toMatchObject({ kind: 'key', columns: ['order id'], needsSnapshot: false });
        expect(plan.targetKey).toEqual(['order id']);
        const expected = rowsOf(upTo(300).map((n) => n + 20));
        const ranges = await rangesOf(plan);
        expect(ranges.length).toBeGreaterThanOrEqual(8);
        expect(ranges.slice(1).map(({ after }) => after)).toEqual(
          ranges.slice(0, -1).map(({ upto }) => upto),
        );
        expect(await readRanges(database, plan, ranges)).toEqual(expected);
        expect(await expectRest(plan, null)).toEqual(expected);
        await expectCompared(plan, expected);
        const parts = await Promise.all(
          ranges.map((range) => database.reader.checksum(plan, range, never())),
        );
        expect(parts.reduce((sum, { rows }) => sum + rows, 0n)).toBe(300n);
        const limited = await planQuery(COUNTED, ['order id'], { limit: { rows: 30 } });
        await expectCompared(limited, expected.slice(0, 30));
      });

      test('a query without a key is read in a snapshot, rows that stand twice included', async () => {
        await createTestTable(harness, place, orders, rowsOf(upTo(300)));
        const plan = await planQuery(`SELECT ${quote('note')} FROM ${quote('orders')}`);
        expect(plan.position).toMatchObject({ kind: 'row-address', needsSnapshot: true });
        const expected = rowsOf(upTo(300)).map(([, note]): TestRow => [note ?? null]);
        await inSnapshot(async (snapshot) => {
          expect(await rangesOf(plan, 40, snapshot)).toEqual([wholeRange]);
          expect(sorted(await expectRest(plan, snapshot))).toEqual(sorted(expected));
        });
        await expectCompared(plan, expected);
        const limited = await planQuery(plan.query ?? '', undefined, { limit: { rows: 30 } });
        expect(await database.reader.countRows(limited, never())).toBe(30n);
      });

      test.each([
        [
          'NULL',
          `SELECT CASE WHEN ${quote('id')} = 77 THEN NULL ELSE ${quote('id')} END AS k FROM ${quote('orders')}`,
        ],
        [
          'the same in two rows',
          `SELECT CASE WHEN ${quote('id')} = 77 THEN 11 ELSE ${quote('id')} END AS k FROM ${quote('orders')}`,
        ],
      ])('a key of a query that is %s is refused when its ranges are cut', async (_, query) => {
        await createTestTable(harness, place, orders, rowsOf(upTo(100)));
        const plan = await planQuery(query, ['k']);
        for (const rowsPerRange of [1, 7, Number.MAX_SAFE_INTEGER])
          await expect(rangesOf(plan, rowsPerRange)).rejects.toMatchObject({ code: 'source.value_rejected' });
      });

      test('rows of a query that have one key are counted', async () => {
        await createTestTable(harness, place, orders, rowsOf(upTo(100)));
        const id = quote('id');
        const doubled = `SELECT o.${id} AS k, o.${quote('note')} AS n FROM ${quote('orders')} o JOIN ${quote('orders')} p ON p.${id} = o.${id} OR (o.${id} = 11 AND p.${id} = 12)`;
        const countAt = (plan: TablePlan, position: readonly string[], snapshot: string | null = null) =>
          database.reader.rowsAt!(plan, { position, snapshot }, never());
        const plan = await planQuery(doubled, ['k']);
        const counts = ['11', '12', '200'].map((key) => countAt(plan, [key]));
        expect(await Promise.all(counts)).toEqual([2n, 1n, 0n]);
        const both = await planQuery(doubled, ['n', 'k']);
        expect(await countAt(both, ['note 4', '11'])).toBe(2n);
        await inSnapshot(async (snapshot) => expect(await countAt(plan, ['11'], snapshot)).toBe(2n));
      });

      test('a key of two columns may have the same value in one of them', async () => {
        await createTestTable(harness, place, orders, rowsOf(upTo(100)));
        const query = `SELECT ${quote('note')} AS a, ${quote('id')} AS b FROM ${quote('orders')}`;
        const ranges = await rangesOf(await planQuery(query, ['b', 'a']), 7);
        expect(ranges).toHaveLength(15);
      });

      test('a query that finds a table gone, or that is no query, is refused before anything runs', async () => {
        await createTestTable(harness, place, orders, rowsOf(upTo(3)));
        const refused = async (query: string): Promise<unknown> => {
          const error: unknown = await describeQuery(query).catch((reason: unknown) => reason);
          return (error as { code?: unknown }).code;
        };
        const table = quote('orders');
        expect(await refused(`SELECT * FROM ${table} WHERE`)).toBe('config.invalid');
        expect(await refused(`SELECT nothing_like_it FROM ${table}`)).toBe('config.invalid');
        expect(await refused(`SELECT 1 AS a; DELETE FROM ${table}`)).toBe('config.invalid');
        expect(await refused(`SELECT 1 AS a) AS b; DELETE FROM ${table}; -- `)).toBe('config.invalid');
        expect(await refused(`WITH x AS (SELECT 1 AS a) DELETE FROM ${table}`)).toBe('config.invalid');
        expect(await refused(`SELECT 1 AS a, 2 AS a`)).toBe('config.invalid');
        expect(await refused(`SELECT 1 AS a FROM ${quote('gone')}`)).toMatch(
          /^(config\.invalid|source\.table_not_found)$/,
        );
        expect(() => describeQuery(`DELETE FROM ${table}`)).toThrow('no SELECT');
        await expect(describeQuery(`SELECT 1 AS a`, ['b'])).rejects.toMatchObject({
          code: 'source.column_not_found',
        });
        expect(await place.query(`SELECT count(*) FROM ${table}`)).toEqual([['3']]);
      });

      test('a query shows by its marker that a table of it changed', async () => {
        await createTestTable(harness, place, orders, rowsOf(upTo(3)));
        const plan = await planQuery(`SELECT ${quote('id')} FROM ${quote('orders')}`, ['id']);
        const before = await database.reader.changeMarker(plan, never());
        expect(before).not.toBe('');
        await expect
          .poll(async () => {
            await place.execute(`UPDATE ${quote('orders')} SET ${quote('note')} = 'at ${performance.now()}'`);
            return database.reader.changeMarker(plan, never());
          })
          .not.toBe(before);
      });
    });
  });
}
