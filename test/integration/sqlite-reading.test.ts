import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { cellsOf, never, readBlocks, readRanges, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { planBetween } from '../support/copy-table.ts';
import { type SqlitePlace, sqliteHarness, sqlitePlace } from '../support/sqlite-harness.ts';

let place: SqlitePlace;
let database: Database;

beforeEach(async () => {
  place = await sqlitePlace();
  database = await place.open();
});
afterEach(() => place.drop());

/** The plan by logical types, as for a target of another product. */
async function typedPlan(table: string) {
  const typed = { ...database, dialect: sqliteHarness.dialect };
  return (await planBetween({ source: typed, target: typed }, table)).plan;
}
const count = (rows: number, expression: string): string =>
  `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${rows}) SELECT ${expression} FROM n`;

describe('a value that its column does not have', () => {
  test.each([
    ['INTEGER', "'abc'", 'TEXT'],
    ['INTEGER', '1.5', 'REAL'],
    ['TEXT', "x'00'", 'BLOB'],
    ['BOOLEAN', '2', 'INTEGER'],
    ['DECIMAL(10,2)', '1.005', 'REAL'],
    ['DATE', '20240101', 'INTEGER'],
    ['DATETIME', "'yesterday'", 'TEXT'],
  ])('of type %s is an error that names column and storage class: %s', async (type, value, storageClass) => {
    await place.execute(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v ${type}); INSERT INTO t VALUES (1, ${value})`,
    );
    const plan = await typedPlan('t');
    const expected = {
      code: 'source.value_rejected',
      message: expect.stringContaining(`column v of main.t holds a value of storage class ${storageClass}`),
      details: { table: 'main.t', column: 'v' },
    };
    await expect(readBlocks(database, { plan, range: wholeRange })).rejects.toMatchObject(expected);
    await expect(database.reader.checksum(plan, null, never())).rejects.toMatchObject(expected);
  });

  test('bytes that are no UTF-8 are an error, and a true U+FFFD is not', async () => {
    await place.execute(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
      INSERT INTO t VALUES (1, 'a'), (2, '\ufffd'), (3, 'b'), (4, '\ufffd🙂')`);
    const plan = await typedPlan('t');
    const rows = [
      ['1', 'a'],
      ['2', '\ufffd'],
      ['3', 'b'],
      ['4', '\ufffd🙂'],
    ];
    for (const blockRows of [1, 2, 10]) {
      const blocks = await readBlocks(database, { plan, range: wholeRange }, { ...smallBlocks, blockRows });
      expect(blocks.flatMap(({ data }) => cellsOf(data))).toEqual(rows);
    }
    const good = await database.reader.checksum(plan, null, never());
    expect(good.rows).toBe(4n);
    await place.execute(`INSERT INTO t VALUES (5, CAST(x'41ff42' AS TEXT))`);
    const expected = { code: 'source.value_rejected', message: expect.stringContaining('not valid UTF-8') };
    await expect(readBlocks(database, { plan, range: wholeRange })).rejects.toMatchObject(expected);
    await expect(database.reader.checksum(plan, null, never())).rejects.toMatchObject(expected);
  });

  test('a database in UTF-16 is read as it is', async () => {
    const other = await sqlitePlace('UTF-16le');
    try {
      await other.execute(`CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT);
        INSERT INTO t VALUES ('ä', '🙂\ufffd'), ('z', NULL)`);
      database = await other.open();
      const plan = await typedPlan('t');
      expect(plan.position.sameOrder).toBe(false);
      expect(await readRanges(database, plan, [wholeRange])).toEqual([
        ['z', null],
        ['ä', '🙂\ufffd'],
      ]);
    } finally {
      await other.drop();
    }
  });
});

describe('a primary key', () => {
  test.each([
    ['CREATE TABLE t (a TEXT PRIMARY KEY, v INT)', "(NULL, 1), ('b', 2), ('c', 3)"],
    [
      'CREATE TABLE t (a INT, b TEXT, v INT, PRIMARY KEY (a, b))',
      "(1, 'a', 1), (5, NULL, 2), (5, 'x', 3), (6, 'y', 4)",
    ],
    ['CREATE TABLE t (a INT, b TEXT, v INT, PRIMARY KEY (a, b))', "(NULL, 'a', 1), (6, 'y', 4)"],
  ])(
    'that holds NULL, which no comparison finds, is refused and never passed over: %s, %s',
    async (table, rows) => {
      await place.execute(`${table}; INSERT INTO t VALUES ${rows}`);
      const plan = await typedPlan('t');
      const refused = { code: 'source.value_rejected', message: expect.stringContaining('holds NULL') };
      await expect(readBlocks(database, { plan, range: wholeRange })).rejects.toMatchObject(refused);
      const width = plan.position.columns.length;
      const upto = width === 1 ? ['b'] : ['5', 'x'];
      const bounded = { lane: 1, after: null, upto };
      await expect(readBlocks(database, { plan, range: bounded })).rejects.toMatchObject(refused);
    },
  );

  test('in descending order, without rowid, or under another collation is walked once', async () => {
    await place.execute(`
      CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, v); INSERT INTO descending ${count(500, 'n, n')};
      CREATE TABLE bare (a TEXT, b INT, PRIMARY KEY (b DESC, a)) WITHOUT ROWID; INSERT INTO bare ${count(500, "'k' || n, n % 7")};
      CREATE TABLE folded (id TEXT COLLATE NOCASE PRIMARY KEY, v); INSERT INTO folded ${count(500, 'char(65 + n % 26 + 32 * (n % 2)) || n, n')};
      CREATE TABLE mixed (id TEXT COLLATE NOCASE, v, PRIMARY KEY (id COLLATE BINARY)); INSERT INTO mixed VALUES ('a', 1), ('A', 2), ('b', 3), ('B', 4)`);
    for (const [table, rows] of [
      ['descending', 500],
      ['bare', 500],
      ['folded', 500],
      ['mixed', 4],
    ] as const) {
      const { plan } = await planBetween({ source: database, target: database }, table);
      const ranges = await database.reader.planRanges(
        plan,
        { rowsPerRange: rows / 4, snapshot: null },
        never(),
      );
      expect(ranges.length).toBe(4);
      expect((await readRanges(database, plan, ranges)).length).toBe(rows);
      expect(new Set((await readRanges(database, plan, ranges)).map((row) => JSON.stringify(row))).size).toBe(
        rows,
      );
    }
    const { plan } = await planBetween({ source: database, target: database }, 'mixed');
    expect(plan.position.kind).toBe('row-address');
  });

  test('of numbers that are stored as floats finds its place again', async () => {
    await place.execute(`CREATE TABLE t (id DECIMAL PRIMARY KEY NOT NULL, r REAL);
      INSERT INTO t ${count(300, 'n * 1234.1 + 1e18 * (n % 2), n / 3.0')}`);
    const plan = await typedPlan('t');
    const ranges = await database.reader.planRanges(plan, { rowsPerRange: 20, snapshot: null }, never());
    expect(await readRanges(database, plan, ranges, { ...smallBlocks, blockRows: 3 })).toEqual(
      await readRanges(database, plan, [wholeRange], { ...smallBlocks, blockRows: 1_000 }),
    );
  });
});

describe('a table without a key', () => {
  test('is not read on where it was vacuumed in between', async () => {
    await place.execute(`CREATE TABLE t (rowid TEXT, v INT); INSERT INTO t ${count(100, "'x', n")}`);
    const { plan } = await planBetween({ source: database, target: database }, 't');
    const ranges = await database.reader.planRanges(plan, { rowsPerRange: 30, snapshot: null }, never());
    expect((await readRanges(database, plan, ranges)).length).toBe(100);
    const [first] = await readBlocks(database, { plan, range: wholeRange });
    await place.execute('DELETE FROM t WHERE v % 3 = 0; VACUUM');
    const changed = { code: 'source.changed_structure' };
    await expect(readBlocks(database, { plan, range: ranges[1]! })).rejects.toMatchObject(changed);
    await expect(readBlocks(database, { plan, range: wholeRange, after: first!.last })).rejects.toMatchObject(
      changed,
    );
    expect((await readRanges(database, plan, [wholeRange])).length).toBe(67);
  });
});

describe('a snapshot', () => {
  test('shows what was, row addresses included, and is lost when it is closed', async () => {
    await place.execute(
      `CREATE TABLE t (v INT); INSERT INTO t ${count(50, 'n')}; DELETE FROM t WHERE v <= 10`,
    );
    const { plan } = await planBetween({ source: database, target: database }, 't');
    const before = await readBlocks(database, { plan, range: wholeRange });
    const held = await database.reader.holdSnapshot(never());
    await held.check(never());
    await place.execute('DELETE FROM t WHERE v > 20; INSERT INTO t VALUES (99)');
    const options = { ...smallBlocks, snapshot: held.ref };
    const blocks = await readBlocks(database, { plan, range: wholeRange }, options);
    expect(blocks.map(({ data, last }) => [data.toString(), last])).toEqual(
      before.map(({ data, last }) => [data.toString(), last]),
    );
    const ranges = await database.reader.planRanges(plan, { rowsPerRange: 10, snapshot: held.ref }, never());
    expect((await readRanges(database, plan, ranges, options)).length).toBe(40);
    expect((await readRanges(database, plan, [wholeRange])).length).toBe(11);
    const other = await place.open();
    expect((await readRanges(other, plan, [wholeRange], options)).length).toBe(40);
    await held.close();
    await expect(held.check(never())).rejects.toMatchObject({ code: 'source.snapshot_lost' });
    await expect(readBlocks(database, { plan, range: wholeRange }, options)).rejects.toMatchObject({
      code: 'source.snapshot_lost',
    });
  });
});

describe('the change marker', () => {
  test.each(['delete', 'wal'])('in journal mode %s sees every commit and no reading', async (mode) => {
    await place.execute(`PRAGMA journal_mode = ${mode}; CREATE TABLE t (id INTEGER PRIMARY KEY, v INT)`);
    await place.execute(`INSERT INTO t ${count(100, 'n, n')}`);
    const { plan } = await planBetween({ source: database, target: database }, 't');
    const marker = () => database.reader.changeMarker(plan, never());
    const seen = new Set([await marker()]);
    for (let n = 1; n <= 5; n += 1) {
      await readRanges(database, plan, [wholeRange]);
      expect(seen).toContain(await marker());
      await place.execute(`UPDATE t SET v = v + 1 WHERE id = ${n}`);
      seen.add(await marker());
      expect(seen.size).toBe(n + 1);
    }
  });
});

test('a source is left as it was: no journal mode, table or byte of it changes', async () => {
  await place.execute(`CREATE TABLE t (id INTEGER PRIMARY KEY, v INT); INSERT INTO t ${count(100, 'n, n')}`);
  const state = () =>
    place.query(
      'SELECT (SELECT * FROM pragma_journal_mode), (SELECT * FROM pragma_schema_version), (SELECT * FROM pragma_data_version)',
    );
  const before = await state();
  const { plan } = await planBetween({ source: database, target: database }, 't');
  const marker = await database.reader.changeMarker(plan, never());
  await readRanges(database, plan, [wholeRange]);
  await database.reader.checksum(plan, null, never());
  expect(await database.incarnation(never())).toMatch(/^file:/);
  await database.close();
  expect(await state()).toEqual(before);
  const again = await place.open();
  expect(await again.reader.changeMarker(plan, never())).toBe(marker);
  expect(await again.introspector.listTables(never())).toEqual([
    { table: { schema: 'main', name: 't' }, estimatedRows: null },
  ]);
});

test('another file at the same path is another incarnation', async () => {
  const other = await sqlitePlace();
  const before = await database.incarnation(never());
  await database.close();
  expect(await (await place.open()).incarnation(never())).toBe(before);
  await rename(other.path, place.path);
  expect(await (await place.open()).incarnation(never())).not.toBe(before);
  await other.drop();
});
