import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable } from '../support/copy-table.ts';
import {
  type PostgresPlace,
  postgresPlace,
  serverMajor,
  skipLongFloats,
} from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

/** Types and texts that must survive the way from PostgreSQL into SQLite and back. */
const CASES: readonly (readonly [type: string, ...texts: string[]])[] = [
  ['smallint', '-32768', '0'],
  ['integer', '2147483647'],
  ['bigint', '-9223372036854775808', '9223372036854775807', '9007199254740993'],
  ['numeric', 'NaN', '0', '1.1000', `-1${'0'.repeat(200)}.${'9'.repeat(100)}`],
  ['numeric', 'Infinity', '-Infinity'],
  ['numeric(12,2)', '1.10', '-9999999999.99'],
  [
    'double precision',
    '0.1',
    '-0',
    'NaN',
    'Infinity',
    '-Infinity',
    '5e-324',
    '1e+20',
    '1e-05',
    '9.999999999999999e+22',
    '1.7976931348623157e+308',
  ],
  ['real', '1.1', '-0', 'NaN', '1e-45', '3.4028235e+38', '1.6777216e+07', '469247.12', '1.2621775e-29'],
  ['boolean', 't', 'f'],
  ['text', '', '\\N', 'a\tb\nc\\', '🙂', ' 12 ', '1e5'],
  ['varchar(5)', '', 'a    ', 'äöü🙂\\'],
  ['bytea', '\\x', '\\x00ff5c'],
  ['date', '2024-02-29', '0044-03-15 BC', '10000-01-01', 'infinity', '-infinity'],
  ['time', '00:00:00', '23:59:59.999999', '24:00:00'],
  ['timetz', '00:00:00+00', '12:00:00+05:30', '23:59:59.9-15:59'],
  ['timestamp', '2024-02-29 23:59:59.123456', '4713-01-01 00:00:00 BC', 'infinity'],
  ['timestamp(3)', '2024-01-01 00:00:00.1'],
  ['timestamptz', '2024-02-29 23:59:59.000001+00', '0001-01-01 00:00:00+00 BC', '-infinity'],
  ['interval', 'PT0S', 'P-1Y-2M3DT-4H', 'P1Y2M3DT4H5M6.789S'],
  ['json', '{"b": 1, "a": [1.10, null]}', '12', ' 1.50 '],
  ['jsonb', '{"a": [1.10, "x"]}', '1.50'],
  ['xml', '<a b="c">d</a>'],
  ['uuid', 'c0ffee00-1234-4abc-8def-0123456789ab'],
  ['bit(3)', '101'],
  ['bit varying', '', '0101'],
];

describeWith(['postgres'], 'PostgreSQL and SQLite', () => {
  let first: PostgresPlace;
  let last: PostgresPlace;
  let between: SqlitePlace;
  let source: Database;
  let middle: Database;
  let target: Database;

  beforeEach(async () => {
    [first, last, between] = await Promise.all([postgresPlace(), postgresPlace(), sqlitePlace()]);
    [source, target, middle] = await Promise.all([first.open(), last.open(), between.open()]);
  });
  afterEach(() => Promise.all([first.drop(), last.drop(), between.drop()]));

  test.for(CASES)('%s goes to SQLite and back as it was', async ([type, ...texts], { skip }) => {
    if (['double precision', 'real'].includes(type)) await skipLongFloats(skip);
    if (type === 'numeric' && texts.includes('Infinity')) {
      skip((await serverMajor()) < 14, 'numeric has no infinity before PostgreSQL 14');
    }
    const rows = texts.map((text, index) => `(${index}, '${text.replaceAll("'", "''")}'::${type})`);
    await first.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type});
      INSERT INTO t VALUES ${rows.join(', ')}, (${texts.length}, NULL)`);
    const there = await copyTable({ source, target: middle }, 't');
    expect(there.plan.columns.map(({ exact, note }) => [exact, note])).toEqual([
      [true, null],
      [true, null],
    ]);
    const sum = await source.reader.checksum(there.plan, null, never());
    expect(await middle.writer.checksum(there.plan, null, never())).toEqual(sum);
    const back = await copyTable({ source: middle, target }, 't');
    expect(await target.writer.checksum(back.plan, null, never())).toEqual(sum);
    const all = 'SELECT id, v::text FROM t ORDER BY id';
    expect(await last.query(all)).toEqual(await first.query(all));
  });

  test.each([
    ['numeric', ['-10.5', '-9', '0', '9', '10', '100.25', '1e40']],
    ['date', ['0044-03-15 BC', '0001-01-01', '2024-01-01', '9999-12-31', '10000-01-01', '10001-01-01']],
    [
      'uuid',
      [
        '00000000-0000-0000-0000-00000000000a',
        '0a000000-0000-0000-0000-000000000000',
        'ffffffff-0000-0000-0000-000000000000',
      ],
    ],
    ['timestamptz', ['2024-01-01 00:00:00+00', '2024-01-01 00:00:00.5+00', '2024-01-01 00:00:01+00']],
    ['text', ['A', 'Z', 'a', 'z', 'ä', '\u{ffff}', '🙂']],
  ] as const)('key ranges of type %s hold the same rows on both sides', async (type, keys) => {
    const collation = type === 'text' ? ' COLLATE "C"' : '';
    await first.execute(`CREATE TABLE t (id ${type}${collation} PRIMARY KEY);
      INSERT INTO t VALUES ${keys.map((key) => `('${key}')`).join(', ')}`);
    const { plan } = await copyTable({ source, target: middle }, 't');
    const ranges = await source.reader.planRanges(plan, { rowsPerRange: 2, snapshot: null }, never());
    if (!plan.position.sameOrder) return;
    for (const range of ranges) {
      expect(await middle.writer.checksum(plan, range, never())).toEqual(
        await source.reader.checksum(plan, range, never()),
      );
    }
  });

  test('a table as an application of SQLite has it becomes one of PostgreSQL', async ({ skip }) => {
    await skipLongFloats(skip);
    await between.execute(`CREATE TABLE t (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(40) NOT NULL DEFAULT 'none', price DECIMAL(10,2), ratio REAL,
        active BOOLEAN, created DATETIME, seen TIMESTAMPTZ, day DATE, data JSON, ref UUID, raw BLOB);
      INSERT INTO t VALUES
        (1, 'a', 19.99, 0.1, 1, '2024-01-01T10:00:00.500', '2024-01-01T10:00:00+02:00', '2024-02-29', '{"a": 1}', 'C0FFEE00-1234-4ABC-8DEF-0123456789AB', x'00ff'),
        (2, 'ä', 5, 3, 0, '2024-01-01 10:00', NULL, NULL, 7, NULL, x''),
        (3, '', NULL, 9e999, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`);
    const { plan } = await copyTable({ source: middle, target }, 't');
    expect(await last.query('SELECT * FROM t ORDER BY id')).toEqual([
      [
        '1',
        'a',
        '19.99',
        '0.1',
        't',
        '2024-01-01 10:00:00.5',
        '2024-01-01 08:00:00+00',
        '2024-02-29',
        '{"a": 1}',
        'c0ffee00-1234-4abc-8def-0123456789ab',
        '\\x00ff',
      ],
      ['2', 'ä', '5.00', '3', 'f', '2024-01-01 10:00:00', null, null, '7', null, '\\x'],
      ['3', '', null, 'Infinity', null, null, null, null, null, null, null],
    ]);
    expect(await target.writer.checksum(plan, null, never())).toEqual(
      await middle.reader.checksum(plan, null, never()),
    );
  });

  test('a text with NUL, which PostgreSQL has not, is refused there without being shown', async () => {
    await between.execute(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'secret' || char(0))`,
    );
    const failure = await copyTable({ source: middle, target }, 't').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'target.value_rejected' });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('secret');
  });
});
