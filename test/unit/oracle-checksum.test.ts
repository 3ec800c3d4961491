import BetterSqlite from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oracle } from '../../src/databases/oracle/dialect.ts';
import {
  renderBucketSums,
  renderChecksum,
  renderRowDigests,
  sqlCells,
} from '../../src/databases/oracle/sql/checksum-sql.ts';
import { renderNumber } from '../../src/databases/oracle/types/render-text.ts';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import { CHECKSUM_VECTORS } from '../contract/checksum-vectors.ts';
import type { TestRow } from '../contract/harness.ts';
import { planOf, tableOf } from '../support/oracle/plans.ts';
import { lendOracleFunctions } from '../support/oracle/stand-in-functions.ts';

/** Types of Oracle whose values the vectors are. */
const TYPES: Readonly<Record<string, string>> = {
  bigint: 'NUMBER(19)',
  int: 'NUMBER(9)',
  decimal: 'NUMBER(12,2)',
  uuid: 'VARCHAR2(36)',
  timestamp: 'TIMESTAMP(6)',
  text: 'VARCHAR2(200 CHAR)',
  bytes: 'RAW(200)',
};

/**
 * The statements run in SQLite, by functions made after Oracle's manual: so much of them is tested as is not Oracle itself.
 * A value is stored as TO_CHAR finds it: numbers as their digits, moments with all places of the second.
 */
describe('what the statements of the checksum compute', () => {
  let database: BetterSqlite.Database;
  beforeEach(() => {
    database = new BetterSqlite(':memory:');
    database.exec(`ATTACH ':memory:' AS "SHOP"`);
    lendOracleFunctions(database);
  });
  afterEach(() => void database.close());

  // A literal of a day is a text here; NULL joined with a text is NULL here, and the text in Oracle.
  const ask = (text: string): unknown[][] =>
    database
      .prepare(text.replaceAll("DATE '", "'").replaceAll(/THEN ('-'|' BC') END/g, "THEN $1 ELSE '' END"))
      .raw()
      .all() as unknown[][];

  function stored(type: string, text: string | null): string | Buffer | null {
    if (text === null) return null;
    if (type === 'bytes') return Buffer.from(text.slice(2), 'hex');
    if (type !== 'timestamp') return text;
    const [second = '', fraction = ''] = text.split('.');
    return `${second}.${fraction.padEnd(6, '0')}`;
  }

  function fill(vector: (typeof CHECKSUM_VECTORS)[number]) {
    const { columns } = vector.table;
    const table = tableOf(
      columns.map(({ name, type }) => ({ name, type: TYPES[type]! })),
      ['id'],
    );
    database.exec(`CREATE TABLE "SHOP"."ORDERS" (${columns.map(({ name }) => `"${name}"`).join(', ')})`);
    const insert = database.prepare(
      `INSERT INTO "SHOP"."ORDERS" VALUES (${columns.map(() => '?').join(', ')})`,
    );
    for (const row of vector.rows) insert.run(row.map((cell, at) => stored(columns[at]!.type, cell)));
    const cells = sqlCells(planOf({ dialect: oracle, table }, { dialect: postgresql }).columns, 'source');
    return { from: '"SHOP"."ORDERS"', where: '', cells: cells!, keys: [0], buckets: 3 };
  }

  const inOrder = (rows: readonly unknown[][]): string[] => rows.map((row) => row.join(' ')).sort();
  const digestOf = (row: TestRow): string =>
    createHash('md5')
      .update(row.map((cell) => (cell === null ? '-;' : `${Buffer.byteLength(cell)}:${cell};`)).join(''))
      .digest('hex');

  test.each(CHECKSUM_VECTORS)('$table.name: the sum that every other database has', (vector) => {
    const naming = fill(vector);
    expect(ask(renderChecksum(naming))).toEqual([[String(vector.rows.length), String(vector.sum)]]);
  });

  test('of no rows is nothing', () => {
    const naming = fill({ ...CHECKSUM_VECTORS[0]!, rows: [] });
    expect(ask(renderChecksum(naming))).toEqual([['0', '0']]);
  });

  test('a sum beyond 64 bits begins anew, and a row that stands twice counts twice', () => {
    const [vector] = CHECKSUM_VECTORS;
    const naming = fill({ ...vector!, rows: [...vector!.rows, ...vector!.rows, ...vector!.rows] });
    expect(ask(renderChecksum(naming))).toEqual([['12', String(BigInt.asUintN(64, 3n * vector!.sum))]]);
  });

  test.each(CHECKSUM_VECTORS)(
    '$table.name: sums of buckets and digests of rows are of the same texts',
    (vector) => {
      const naming = fill(vector);
      const bucketOf = ([key]: TestRow): number => Number.parseInt(digestOf([key!]).slice(0, 8), 16) % 3;
      const sums = new Map<number, [number, bigint]>();
      for (const row of vector.rows) {
        const [rows, sum] = sums.get(bucketOf(row)) ?? [0, 0n];
        sums.set(bucketOf(row), [rows + 1, sum + BigInt(`0x${digestOf(row).slice(0, 16)}`)]);
      }
      const wanted = [...sums].map(([bucket, [rows, sum]]) => [
        String(bucket),
        String(rows),
        String(BigInt.asUintN(64, sum)),
      ]);
      expect(inOrder(ask(renderBucketSums(naming)))).toEqual(inOrder(wanted));
      const digests = ask(renderRowDigests(naming, [0, 1, 2]));
      expect(inOrder(digests)).toEqual(inOrder(vector.rows.map((row) => [digestOf(row), row[0]])));
    },
  );

  test.each([
    ['0', '0'],
    ['0.1', '0.1'],
    ['-0.25', '-0.25'],
    ['12.5', '12.5'],
    ['-7', '-7'],
    ['1e100', `1${'0'.repeat(100)}`],
    ['1.5e99', `15${'0'.repeat(98)}`],
    ['-1.5e-99', `-0.${'0'.repeat(98)}15`],
  ])('the number %s is written %s, as PostgreSQL does', (value, text) => {
    expect(ask(`SELECT ${renderNumber('v')} FROM (SELECT ${value} AS v)`)).toEqual([[text]]);
  });
});
