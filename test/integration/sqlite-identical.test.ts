import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable, prepareCopy } from '../support/copy-table.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

let from: SqlitePlace;
let to: SqlitePlace;
let source: Database;
let target: Database;

beforeEach(async () => {
  [from, to] = await Promise.all([sqlitePlace(), sqlitePlace()]);
  [source, target] = await Promise.all([from.open(), to.open()]);
});
afterEach(() => Promise.all([from.drop(), to.drop()]));

type Cell = bigint | number | string | Buffer | null;

function insert(table: string, rows: readonly (readonly Cell[])[]): void {
  const database = new BetterSqlite(from.path);
  for (const row of rows)
    database.prepare(`INSERT INTO ${table} VALUES (${row.map(() => '?').join()})`).run(...row);
  database.close();
}

function cells(place: SqlitePlace, table: string): unknown[] {
  const database = new BetterSqlite(place.path, { readonly: true });
  const rows = database.prepare(`SELECT * FROM ${table} ORDER BY 1`).raw().safeIntegers().all();
  database.close();
  return rows;
}

const HOSTILE: readonly Cell[] = [
  null,
  '',
  '\\N',
  'a\tb\nc\rd\be\vf\fg',
  'ends with \\',
  'NUL \0 inside',
  '\0',
  '🙂 \ufffd \ufeff',
  '12',
  ' 1e5 ',
  'NaN',
  'infinity',
  '0x10',
  0n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  9_007_199_254_740_993n,
  1,
  -0,
  0.1,
  1e300,
  5e-324,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Buffer.alloc(0),
  Buffer.from([0, 255, 10, 9, 92]),
  Buffer.from('text'),
];

test.each(['', 'INTEGER', 'REAL', 'NUMERIC', 'TEXT', 'BLOB', 'BOOLEAN', 'DATETIME', 'POINT', 'any word'])(
  'a column of type "%s" keeps value and storage class of whatever is in it',
  async (type) => {
    await from.execute(`CREATE TABLE t (id INTEGER PRIMARY KEY, v ${type})`);
    insert(
      't',
      HOSTILE.map((value, index) => [BigInt(index), value]),
    );
    const { plan } = await copyTable({ source, target }, 't', { blockRows: 4 });
    expect(cells(to, 't')).toStrictEqual(cells(from, 't'));
    expect(plan.columns.every((column) => column.exact)).toBe(true);
    expect(await target.writer.checksum(plan, null, never())).toEqual(
      await source.reader.checksum(plan, null, never()),
    );
  },
);

test('a STRICT table is copied, ANY without a conversion', async () => {
  await from.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, r REAL, b BLOB, a ANY) STRICT');
  insert('t', [
    [1n, 5n, 5, Buffer.from('x'), '007'],
    [2n, null, 0.5, null, 7],
    [3n, null, null, null, 7n],
  ]);
  // The target as the application would have it; what is created is not STRICT.
  await to.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, i INT, r REAL, b BLOB, a ANY) STRICT');
  await copyTable({ source, target }, 't');
  expect(cells(to, 't')).toStrictEqual(cells(from, 't'));
});

test('a STRICT target refuses a value of another class, and the error has no value in it', async () => {
  await from.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 'secret')");
  await to.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, v INT) STRICT');
  const failure = await copyTable({ source, target }, 't').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'target.value_rejected', details: { table: 'main.t' } });
  expect(JSON.stringify(failure) + String(failure)).not.toContain('secret');
});

test('a large blob and a large text arrive whole', async () => {
  await from.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
  const blob = Buffer.alloc(24 * 1024 * 1024, 'sluice\\\n\0');
  const text = 'ä\\\t'.repeat(2_000_000);
  insert('t', [
    [1n, blob],
    [2n, text],
    [3n, 'small'],
  ]);
  await copyTable({ source, target }, 't');
  const values = cells(to, 't').map((row) => (row as Cell[])[1]);
  expect([blob.equals(values[0] as Buffer), text === values[1], values[2]]).toEqual([true, true, 'small']);
});

describe('the structure', () => {
  test('keeps types, key, NOT NULL, defaults, collations and generated columns', async () => {
    await from.execute(`CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE t (
        a TEXT COLLATE NOCASE NOT NULL, "b c" INT NOT NULL DEFAULT (1 + 1), d DEFAULT 'x''y',
        e AS (a || d), parent REFERENCES parent ON DELETE CASCADE, CHECK ("b c" > 0),
        PRIMARY KEY ("b c", a)
      ) WITHOUT ROWID;
      CREATE INDEX by_d ON t (d);
      INSERT INTO t (a, "b c") VALUES ('x', 1), ('Y', 2)`);
    const { outcome } = await copyTable({ source, target }, 't');
    const [left] = await source.introspector.describeTables([{ schema: 'main', name: 't' }], never());
    const [right] = await target.introspector.describeTables([{ schema: 'main', name: 't' }], never());
    expect(right!.primaryKey?.columns).toEqual(['b c', 'a']);
    const facts = (table: typeof left) =>
      Object.fromEntries(
        table!.columns.map(({ name, type, nullable, collation }) => [name, { type, nullable, collation }]),
      );
    expect(facts(right)).toEqual(facts(left));
    expect(outcome).toMatchObject({ done: 'created' });
    expect(outcome.leftOut).toEqual([]);
    await to.execute(`INSERT INTO t (a, "b c") VALUES ('z', 9)`);
    expect(await to.query(`SELECT d FROM t WHERE "b c" = 9`)).toEqual([["x'y"]]);
  });

  test('of a target whose column converts what the source keeps is refused', async () => {
    await from.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)');
    await to.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)');
    await expect(prepareCopy({ source, target }, 't')).rejects.toMatchObject({
      code: 'target.structure_differs',
      details: { column: 'v' },
    });
  });
});
