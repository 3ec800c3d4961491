import BetterSqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import type { TestRow } from '../contract/harness.ts';
import { never, readRanges, wholeRange } from '../contract/test-tables.ts';
import { payloadOf } from '../support/changes.ts';
import { planBetween } from '../support/copy-table.ts';
import { asApplication, captureOf, deployTable, followTables, hasPython } from '../support/sqlite-changes.ts';
import { sqliteHarness, type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';
import { SQLITE_SAMPLES } from '../support/types/sqlite-samples.ts';

let place: SqlitePlace;
let source: Database;

beforeAll(async () => {
  place = await sqlitePlace();
  source = await place.open();
});
afterAll(() => place.drop());

/** What the reader gives of a row, and of one that it refuses null. */
async function readRow(
  database: Database,
  table: string,
  id: number,
): Promise<{ readonly row: TestRow | null; readonly logicals: readonly LogicalType[] }> {
  const { plan } = await planBetween({ source: database, target: database }, table, {
    selection: { where: `id = ${id}` },
  });
  const logicals = plan.columns.map(({ logical }) => logical);
  try {
    const rows = await readRanges(database, plan, [wholeRange]);
    return { row: rows[0] ?? null, logicals };
  } catch (error) {
    if (!isSluiceError(error) || error.code !== 'source.value_rejected') throw error;
    return { row: null, logicals };
  }
}

/** To another product, so that values come as their logical types. */
const toAnother = (database: Database): Database => ({ ...database, dialect: sqliteHarness.dialect });

describe('a value is recorded as the reader gives it, byte for byte:', () => {
  test.each(SQLITE_SAMPLES.map((samples, at) => ({ name: samples.type || 'no type', samples, at })))(
    '$name',
    async ({ samples: { type, edges, literal = String }, at }) => {
      const table = `samples_${at}`;
      await place.execute(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, v ${type})`);
      const take = await followTables(source, [await deployTable(source, table)], at % 2 === 0);
      const values = [...edges.slice(0, 40).map(literal), 'NULL'];
      for (const [id, value] of values.entries())
        await place.execute(`INSERT INTO ${table} VALUES (${id}, ${value})`);
      await place.execute(`UPDATE ${table} SET v = NULL`);
      const events = await take();
      const inserted = events.filter(({ operation }) => operation === 'I');
      const updated = new Map(
        events.filter(({ operation }) => operation === 'U').map(({ key, old }) => [key, old]),
      );
      expect(inserted).toHaveLength(values.length);
      await place.execute(`DELETE FROM ${table}`);
      for (const [id, value] of values.entries()) {
        await place.execute(`INSERT INTO ${table} VALUES (${id}, ${value})`);
        const database = at % 2 === 0 ? source : toAnother(source);
        const { row, logicals } = await readRow(database, table, id);
        const columns = [
          { name: 'id', logical: logicals[0]! },
          { name: 'v', logical: logicals[1]! },
        ];
        const recorded = inserted[id]!;
        const told =
          recorded.new?.replace(/\{"(?:integer|real|text|blob|bytes)": ".*"\}\}$/s, 'refused') ?? null;
        const idText = logicals[0]!.kind === 'any' ? `i${id}` : String(id);
        const expected =
          row === null
            ? `${payloadOf(columns.slice(0, 1), [idText]).slice(0, -1)}, "v": refused`
            : payloadOf(columns, row);
        expect(told, value).toBe(expected);
        // Of NULL there is no update, for it stays NULL.
        expect(updated.get(recorded.key) ?? recorded.new).toBe(recorded.new);
      }
    },
  );
});

type Cell = bigint | number | string | Buffer | null;
const CONTROLS = Array.from({ length: 32 }, (_, code) => String.fromCodePoint(code));
const VALUES: readonly Cell[] = [
  ...CONTROLS.map((control) => `x${control}y"\\${control}`),
  CONTROLS.join(''),
  '\0',
  '\ufeffbom \ufffd 🙂 𝒳 \u2028',
  'a\\',
  '"',
  2n ** 63n - 1n,
  -(2n ** 63n),
  9_007_199_254_740_993n,
  0n,
  -0,
  0,
  5e-324,
  2.225073858507201e-308,
  1.7976931348623157e308,
  0.1 + 0.2,
  123456789.12345679,
  9007199254740994,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Buffer.alloc(0),
  Buffer.from([0, 255, 10, 9, 92]),
  null,
];

function anyText(value: Exclude<Cell, number>): string | null {
  if (value === null) return null;
  if (typeof value === 'bigint') return `i${value}`;
  return typeof value === 'string' ? `t${value}` : `b\\x${value.toString('hex')}`;
}

test('all storage classes stand in columns of any type, and change into each other', async () => {
  await place.execute('CREATE TABLE classes (id INTEGER PRIMARY KEY, v, w BLOB)');
  const take = await followTables(source, [await deployTable(source, 'classes')], true);
  const application = new BetterSqlite(place.path);
  for (const [id, value] of VALUES.entries()) {
    const [before] = [VALUES.at(id - 1) ?? null];
    application.prepare('INSERT INTO classes VALUES (?, ?, ?)').run(BigInt(id), before, value);
    application.prepare('UPDATE classes SET v = ? WHERE id = ?').run(value, BigInt(id));
  }
  application.close();
  const events = await take();
  expect(events.filter(({ operation }) => operation === 'U')).toHaveLength(VALUES.length);
  const last = events.filter(({ operation }) => operation === 'U').map((event) => JSON.parse(event.new!));
  for (const [id, value] of VALUES.entries()) {
    const { v, w } = last[id] as { readonly v: string | null; readonly w: string | null };
    expect(v).toBe(w);
    // Object.is tells -0 from 0.
    expect(typeof value === 'number' ? Number(v!.slice(1)) : v).toBe(
      typeof value === 'number' ? value : anyText(value),
    );
  }
});

test('doubles at random come back as they were, bit for bit', async () => {
  await place.execute('CREATE TABLE doubles (id INTEGER PRIMARY KEY, v REAL)');
  const take = await followTables(source, [await deployTable(source, 'doubles')]);
  const bits = new DataView(new ArrayBuffer(8));
  const values = Array.from({ length: 2_000 }, () => {
    do
      bits.setBigUint64(
        0,
        BigInt.asUintN(
          64,
          (BigInt(Math.floor(Math.random() * 2 ** 52)) << 12n) ^ BigInt(Math.floor(Math.random() * 2 ** 32)),
        ),
      );
    while (!Number.isFinite(bits.getFloat64(0)) || bits.getFloat64(0) === 0);
    return bits.getFloat64(0);
  });
  const application = new BetterSqlite(place.path);
  const insert = application.prepare('INSERT INTO doubles (v) VALUES (?)');
  application.transaction(() => values.forEach((value) => insert.run(value)))();
  application.close();
  const events = await take();
  expect(events.map(({ new: row }) => (JSON.parse(row!) as { v: number }).v)).toEqual(values);
});

test('a text whose bytes are none is told as bytes, and the rows around it are whole', async () => {
  await place.execute('CREATE TABLE invalid (id INTEGER PRIMARY KEY, v TEXT)');
  const take = await followTables(source, [await deployTable(source, 'invalid')]);
  await place.execute(
    `INSERT INTO invalid VALUES (1, CAST(x'61ff62' AS TEXT)), (2, CAST(x'eda080' AS TEXT)), (3, CAST(x'efbfbd00' AS TEXT)), (4, 'whole')`,
  );
  expect((await take()).map(({ new: row }) => row)).toEqual([
    '{"id": 1, "v": {"bytes": "61FF62"}}',
    '{"id": 2, "v": {"bytes": "EDA080"}}',
    '{"id": 3, "v": "\ufffd\\u0000"}',
    '{"id": 4, "v": "whole"}',
  ]);
});

test('a row of more than 64 MiB fails no statement, and is told instead of its values', async () => {
  await place.execute('CREATE TABLE large (id INTEGER PRIMARY KEY, v)');
  const take = await followTables(source, [await deployTable(source, 'large')]);
  await place.execute(`INSERT INTO large VALUES (1, zeroblob(${64 * 1024 * 1024})), (2, zeroblob(10))`);
  await place.execute('DELETE FROM large');
  const events = await take();
  expect(events.map(({ operation, key, old, new: row }) => [operation, key, old ?? row])).toEqual([
    ['I', null, '{"sluice": "not recorded"}'],
    ['I', '{"id": 2}', '{"id": 2, "v": "b\\\\x00000000000000000000"}'],
    ['D', null, '{"sluice": "not recorded"}'],
    ['D', '{"id": 2}', '{"id": 2, "v": "b\\\\x00000000000000000000"}'],
  ]);
});

test.each(['UTF-16le', 'UTF-16be'])('a file in %s gives the same texts', async (encoding) => {
  const other = await sqlitePlace(encoding);
  try {
    const database = await other.open();
    await other.execute('CREATE TABLE t (id TEXT PRIMARY KEY, v)');
    const take = await followTables(database, [await deployTable(database, 't')]);
    await other.execute(`INSERT INTO t VALUES ('🙂 "\\ä', x'00ff')`);
    const [event] = await take();
    expect(event).toMatchObject({
      key: '{"id": "🙂 \\"\\\\ä"}',
      new: '{"id": "🙂 \\"\\\\ä", "v": "b\\\\x00ff"}',
    });
  } finally {
    await other.drop();
  }
});

test('more columns than an expression has levels, each of a name that hurts', async () => {
  const names = Array.from({ length: 1_200 }, (_, at) => `"c""${at} '\n"`);
  await place.execute(`CREATE TABLE wide (id INTEGER PRIMARY KEY, ${names.join(', ')})`);
  const take = await followTables(source, [await deployTable(source, 'wide')]);
  await place.execute(`INSERT INTO wide (id, ${names[1_199]}) VALUES (1, 'last')`);
  await place.execute(`UPDATE wide SET ${names[1_199]} = 'other'`);
  const events = await take();
  expect(events.map(({ operation }) => operation)).toEqual(['I', 'U']);
  expect(Object.entries(JSON.parse(events[1]!.new!) as object).at(-1)).toEqual([`c"1199 '\n`, 'tother']);
});

test.skipIf(!hasPython)('another process with another SQLite is the application', async () => {
  await place.execute('CREATE TABLE others (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v)');
  const take = await followTables(source, [await deployTable(source, 'others')], true);
  asApplication(
    place,
    `INSERT INTO others VALUES (1, 'a', 0.1), (2, 'b', x'00ff'), (3, 'c' || char(0) || 'd', 5e-324);
     UPDATE others SET v = v WHERE id = 1;
     BEGIN; DELETE FROM others; ROLLBACK;
     INSERT OR REPLACE INTO others VALUES (4, 'a', 9223372036854775807);
     UPDATE others SET id = id + 10 WHERE id = 2;`,
  );
  expect((await take()).map(({ operation, old, new: row }) => `${operation} ${old} ${row}`)).toEqual([
    'I null {"id": "i1", "u": "ta", "v": "r0.1"}',
    'I null {"id": "i2", "u": "tb", "v": "b\\\\x00ff"}',
    'I null {"id": "i3", "u": "tc\\u0000d", "v": "r5e-324"}',
    'D {"id": "i1", "u": "ta", "v": "r0.1"} null',
    'I null {"id": "i4", "u": "ta", "v": "i9223372036854775807"}',
    'D {"id": "i2", "u": "tb", "v": "b\\\\x00ff"} null',
    'I null {"id": "i12", "u": "tb", "v": "b\\\\x00ff"}',
  ]);
  expect((await captureOf(source).triggers.captured(never())).every(({ intact }) => intact)).toBe(true);
});
