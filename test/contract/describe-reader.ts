import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { SnapshotRef } from '../../src/engine/ports/source-reader.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import type { ContractHarness, TestPlace, TestRow, TestTable } from './harness.ts';
import {
  cellsOf,
  checksumByDefinition,
  createTestTable,
  never,
  planOf,
  random,
  readBlocks,
  readRanges,
  renderTestRows,
  smallBlocks,
  sorted,
  wholeRange,
  quoteOf,
} from './test-tables.ts';

const TEXT = { spec: { read: { encoding: 'text-rows' } } } as const;

const byId: TestTable = {
  name: 'orders',
  key: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'note', type: 'text' },
  ],
};
const rowsOf = (ids: readonly (number | bigint)[]): TestRow[] => ids.map((id) => [String(id), `note ${id}`]);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const ODD_TEXTS = [
  '',
  ' ',
  '  b',
  'a',
  'A',
  'ä',
  'Z',
  "it's",
  '"quoted"',
  'a\tb',
  'a\nb',
  'back\\slash',
  '\\',
  '\\N',
  '\\.',
  '%',
  '_',
  '$1',
  '🙂',
  'é',
  '\u{10ffff}',
  'ﬀ',
  '-- x',
  '/* x',
  '\v',
  '\f',
];

const composite: TestTable = {
  name: 'Order Lines',
  key: ['part"two', 'one'],
  columns: [
    { name: 'note', type: 'text' },
    { name: 'one', type: 'int' },
    { name: 'part"two', type: 'text' },
  ],
};

function gappedIds(): number[] {
  const next = random(7);
  let id = -5_000;
  return upTo(900).map(() => (id += 1 + Math.floor(next() * next() * 300)));
}

/** Every shape of key that ranges are cut by. */
const SHAPES: readonly {
  readonly title: string;
  readonly table: TestTable;
  readonly rows: readonly TestRow[];
}[] = [
  { title: 'an empty table', table: byId, rows: [] },
  { title: 'one row', table: byId, rows: rowsOf([42]) },
  { title: 'dense integers', table: byId, rows: rowsOf(upTo(1_000)) },
  { title: 'integers with gaps and below zero', table: byId, rows: rowsOf(gappedIds()) },
  {
    title: 'a skewed key up to the ends of its type',
    table: byId,
    rows: rowsOf([
      -(2n ** 63n),
      ...upTo(700),
      ...upTo(30).map((n) => 10n ** 15n * BigInt(n)),
      2n ** 63n - 1n,
    ]),
  },
  {
    title: 'text keys with odd characters',
    table: {
      name: 'texts',
      key: ['id'],
      columns: [
        { name: 'id', type: 'text' },
        { name: 'note', type: 'text' },
      ],
    },
    rows: ODD_TEXTS.flatMap((text) =>
      upTo(10).map((n): TestRow => [`${text}${n === 1 ? '' : `${text}${n}`}`, null]),
    ),
  },
  {
    title: 'composite keys',
    table: composite,
    rows: ODD_TEXTS.flatMap((text) => upTo(12).map((n): TestRow => [null, String(n - 6), text])),
  },
  {
    title: 'uuid keys',
    table: {
      name: 'refs',
      key: ['id'],
      columns: [
        { name: 'id', type: 'uuid' },
        { name: 'note', type: 'text' },
      ],
    },
    rows: upTo(500).map((n): TestRow => {
      const hex = (Math.imul(n, 2_654_435_761) >>> 0).toString(16).padStart(8, '0');
      return [`${hex}-0000-4000-8000-${String(n).padStart(12, '0')}`, 'x'];
    }),
  },
  {
    title: 'bytes as keys',
    table: {
      name: 'blobs',
      key: ['id'],
      columns: [
        { name: 'id', type: 'bytes' },
        { name: 'note', type: 'text' },
      ],
    },
    rows: upTo(300).map((n): TestRow => [`\\x${n.toString(16).padStart(n % 2 === 0 ? 4 : 8, '0')}`, null]),
  },
];

/** Rows as the plan orders their columns. */
function inWireOrder(table: TestTable, plan: TablePlan, rows: readonly TestRow[]): TestRow[] {
  const places = plan.columns.map(({ source }) => table.columns.findIndex(({ name }) => name === source));
  return rows.map((row) => places.map((index) => row[index] ?? null));
}

/** For a product whose names have no quotation marks. */
const withoutQuotes = (table: TestTable): TestTable => ({
  ...table,
  columns: table.columns.map((column) => ({ ...column, name: column.name.replaceAll('"', "'") })),
  ...(table.key && { key: table.key.map((name) => name.replaceAll('"', "'")) }),
});

function describeShapes(harness: ContractHarness): void {
  describe.each(SHAPES)('$title', ({ table: shape, rows }) => {
    const table = harness.oddNames?.noQuotes ? withoutQuotes(shape) : shape;
    let place: TestPlace;
    let database: Database;
    let plan: TablePlan;

    beforeAll(async () => {
      place = await harness.place();
      database = await place.open({ maxConnections: 4 });
      await createTestTable(harness, place, table, rows);
      plan = (await planOf(harness, { source: database, target: database }, table.name, TEXT)).plan;
    });
    afterAll(() => place.drop());

    test('ranges give every row once, in position order within each range', async () => {
      const ranges = await database.reader.planRanges(plan, { rowsPerRange: 50, snapshot: null }, never());
      expect(ranges.map(({ lane }) => lane)).toEqual(ranges.map((_, index) => index + 1));
      expect(ranges[0]?.after).toBeNull();
      expect(ranges.at(-1)?.upto).toBeNull();
      expect(ranges.slice(1).map(({ after }) => after)).toEqual(ranges.slice(0, -1).map(({ upto }) => upto));
      expect(ranges.length).toBeLessThanOrEqual(Math.ceil(rows.length / 20) + 1);
      expect(ranges.length).toBeGreaterThanOrEqual(rows.length > 100 ? Math.floor(rows.length / 150) : 1);
      const read = await readRanges(database, plan, ranges);
      expect(sorted(read)).toEqual(sorted(inWireOrder(table, plan, rows)));
      expect(read).toEqual(await readRanges(database, plan, [wholeRange]));
    });

    test('reading on after the position of any block gives the rest', async () => {
      const all = await readBlocks(database, { plan, range: wholeRange }, { ...smallBlocks, blockRows: 40 });
      for (const [index, block] of all.entries()) {
        const rest = await readBlocks(
          database,
          { plan, range: wholeRange, after: block.last },
          { ...smallBlocks, blockRows: 33 },
        );
        const expected = Buffer.concat(all.slice(index + 1).map(({ data }) => data));
        expect(Buffer.concat(rest.map(({ data }) => data)).equals(expected)).toBe(true);
      }
    });

    test('blocks count their rows and name the positions of the first and the last', async () => {
      const blocks = await readBlocks(database, { plan, range: wholeRange });
      for (const block of blocks) {
        const cells = cellsOf(block.data);
        const keys = cells.map((row) => row.slice(0, plan.position.columns.length));
        expect(cells.length).toBe(block.rows);
        expect(block.rows).toBeLessThanOrEqual(smallBlocks.blockRows);
        expect([block.first, block.last]).toEqual([keys[0], keys.at(-1)]);
      }
      expect(blocks.reduce((sum, block) => sum + block.rows, 0)).toBe(rows.length);
    });

    test('count and checksum are those of the definition, whole and over the ranges', async () => {
      const expected = checksumByDefinition(inWireOrder(table, plan, rows));
      expect(await database.reader.countRows(plan, never())).toBe(BigInt(rows.length));
      expect(await database.reader.checksum(plan, null, never())).toEqual(expected);
      const ranges = await database.reader.planRanges(plan, { rowsPerRange: 50, snapshot: null }, never());
      const parts = await Promise.all(ranges.map((range) => database.reader.checksum(plan, range, never())));
      const sum = parts.reduce((total, part) => total + part.sum, 0n);
      expect({
        rows: parts.reduce((total, part) => total + part.rows, 0n),
        sum: BigInt.asUintN(64, sum),
      }).toEqual(expected);
    });
  });
}

/** What a SourceReader promises, whatever the database. */
export function describeReader(harness: ContractHarness): void {
  describe(`${harness.title}: reader of`, () => describeShapes(harness));

  describe(`${harness.title}: reader`, () => {
    let place: TestPlace;
    let database: Database;

    beforeEach(async () => {
      place = await harness.place();
      database = await place.open({ maxConnections: 4 });
    });
    afterEach(() => place.drop());

    const planned = async (table: TestTable, rows: readonly TestRow[], selection = {}) => {
      await createTestTable(harness, place, table, rows);
      return (
        await planOf(harness, { source: database, target: database }, table.name, { ...TEXT, selection })
      ).plan;
    };

    test('a block ends at the first row end at or after its bytes, and one large row makes a block of its own', async () => {
      const rows = upTo(60).map((n): TestRow => [String(n), 'x'.repeat(n === 30 ? 300_000 : 100)]);
      const plan = await planned(byId, rows);
      const blocks = await readBlocks(
        database,
        { plan, range: wholeRange },
        { ...smallBlocks, blockBytes: 1_000, blockRows: 1_000 },
      );
      for (const block of blocks.slice(0, -1)) {
        expect(block.data.length).toBeGreaterThanOrEqual(1_000);
        expect(block.data.subarray(0, block.data.lastIndexOf(10, -2) + 1).length).toBeLessThan(1_000);
      }
      expect(blocks.flatMap(({ data }) => cellsOf(data))).toEqual(rows);
    });

    test('vertical tabs and form feeds travel as themselves and never as escapes', async () => {
      const texts = ['a\vb', '\f', '\\v', '\\\v\\f', '\\\\v', 'plain'];
      const plan = await planned(
        byId,
        texts.map((text, index) => [String(index), text]),
      );
      const [block] = await readBlocks(database, { plan, range: wholeRange });
      expect(cellsOf(block!.data).map(([, text]) => text)).toEqual(texts);
      expect(/(?<!\\)(?:\\\\)*\\[vf]/.test(block!.data.toString())).toBe(false);
    });

    describe('a table without a key', () => {
      const keyless: TestTable = { name: 'log', columns: byId.columns };
      const rows = rowsOf(upTo(1_500).map((n) => n % 10));

      const inSnapshot = async (work: (snapshot: SnapshotRef | null) => Promise<void>): Promise<void> => {
        if (!harness.rowAddressNeedsSnapshot) return work(null);
        const held = await database.reader.holdSnapshot(never());
        await work(held.ref);
        await held.close();
      };

      test('is read whole, repeated rows included, and read on after any block', async () => {
        const plan = await planned(keyless, rows);
        expect(plan.position).toMatchObject({
          kind: 'row-address',
          needsSnapshot: harness.rowAddressNeedsSnapshot,
        });
        await inSnapshot(async (snapshot) => {
          const ranges = await database.reader.planRanges(plan, { rowsPerRange: 400, snapshot }, never());
          expect(sorted(await readRanges(database, plan, ranges, { ...smallBlocks, snapshot }))).toEqual(
            sorted(rows),
          );
          const all = await readBlocks(
            database,
            { plan, range: wholeRange },
            { ...smallBlocks, blockRows: 200, snapshot },
          );
          for (const [index, block] of all.entries()) {
            const rest = await readBlocks(
              database,
              { plan, range: wholeRange, after: block.last },
              { ...smallBlocks, blockRows: 150, snapshot },
            );
            expect(
              Buffer.concat(rest.map(({ data }) => data)).equals(
                Buffer.concat(all.slice(index + 1).map(({ data }) => data)),
              ),
            ).toBe(true);
          }
        });
        expect(await database.reader.checksum(plan, null, never())).toEqual(checksumByDefinition(rows));
      });
    });

    test('a condition and a choice of columns are kept to in reading, counting and comparing', async () => {
      const quote = quoteOf(harness);
      const where = `${quote('id')} > 10 AND ${quote('id')} <= 50 OR ${quote('id')} = 3 -- a comment`;
      const plan = await planned(byId, rowsOf(upTo(100)), { where, columns: { exclude: ['note'] } });
      const expected = upTo(100)
        .filter((id) => (id > 10 && id <= 50) || id === 3)
        .map((id): TestRow => [String(id)]);
      const ranges = await database.reader.planRanges(plan, { rowsPerRange: 20, snapshot: null }, never());
      expect(await readRanges(database, plan, ranges)).toEqual(expected);
      expect(await database.reader.countRows(plan, never())).toBe(BigInt(expected.length));
      expect(await database.reader.checksum(plan, null, never())).toEqual(checksumByDefinition(expected));
    });

    test('leaving the loop early gives the connection back', async () => {
      const single = await place.open({ maxConnections: 1 });
      const plan = await planned(byId, rowsOf(upTo(5_000)));
      for (const _ of upTo(5)) {
        for await (const block of single.reader.readRange(
          { plan, range: wholeRange, after: null },
          smallBlocks,
          never(),
        )) {
          expect(block.rows).toBe(7);
          break;
        }
      }
      expect(await single.reader.countRows(plan, never())).toBe(5_000n);
    });

    test('an aborted signal ends the reading and gives the connection back', async () => {
      const single = await place.open({ maxConnections: 1 });
      const plan = await planned(byId, rowsOf(upTo(5_000)));
      const stop = new AbortController();
      const read = async (): Promise<void> => {
        for await (const _ of single.reader.readRange(
          { plan, range: wholeRange, after: null },
          smallBlocks,
          stop.signal,
        )) {
          stop.abort(new Error('enough'));
        }
      };
      await expect(read()).rejects.toThrow('enough');
      expect(await single.reader.countRows(plan, never())).toBe(5_000n);
    });

    test('a table that is gone is reported as such', async () => {
      const plan = await planned(byId, []);
      await place.execute(`DROP TABLE ${harness.dialect.quote(byId.name)}`);
      await expect(readBlocks(database, { plan, range: wholeRange })).rejects.toMatchObject({
        code: 'source.table_not_found',
      });
    });

    test('the change marker stands still while nothing changes and moves when rows do', async () => {
      const plan = await planned(byId, rowsOf([1, 2, 3]));
      const marker = () => database.reader.changeMarker(plan, never());
      let before = await marker();
      await vi.waitFor(async () => {
        const last = before;
        before = await marker();
        expect(before).toBe(last); // what the set-up changed is counted by now
      });
      await place.execute(renderTestRows(harness, byId, rowsOf([4])));
      await vi.waitFor(async () => expect(await marker()).not.toBe(before), {
        timeout: 15_000,
        interval: 50,
      });
    });

    test.runIf(harness.rowAddressNeedsSnapshot)(
      'a held snapshot shows what was, and a closed one is lost',
      async () => {
        const plan = await planned(byId, rowsOf([1, 2]));
        const held = await database.reader.holdSnapshot(never());
        await held.check(never());
        await place.execute(renderTestRows(harness, byId, rowsOf([3])));
        expect(
          await readRanges(database, plan, [wholeRange], { ...smallBlocks, snapshot: held.ref }),
        ).toEqual(rowsOf([1, 2]));
        expect(await readRanges(database, plan, [wholeRange])).toEqual(rowsOf([1, 2, 3]));
        await held.close();
        await expect(
          readBlocks(database, { plan, range: wholeRange }, { ...smallBlocks, snapshot: held.ref }),
        ).rejects.toMatchObject({
          code: 'source.snapshot_lost',
        });
      },
    );
  });
}
