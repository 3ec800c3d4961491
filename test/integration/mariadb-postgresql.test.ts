import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable, planBetween } from '../support/copy-table.ts';
import { type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

/** Types and texts that must survive the way from PostgreSQL into MariaDB and back. */
const THERE_AND_BACK: readonly (readonly [type: string, ...texts: string[]])[] = [
  ['smallint', '-32768', '0'],
  ['integer', '2147483647'],
  ['bigint', '-9223372036854775808', '9223372036854775807', '9007199254740993'],
  ['numeric', 'NaN', '0', '1.1000', `-1${'0'.repeat(200)}.${'9'.repeat(100)}`],
  ['numeric(12,2)', '1.10', '-9999999999.99'],
  ['numeric(65,30)', `${'9'.repeat(35)}.${'9'.repeat(30)}`],
  ['double precision', '0.1', '5e-324', '1e+20', '1e-05', '1.7976931348623157e+308', '123456789012345680'],
  ['double precision', '1e+15', '999999999999999', '0.0001', '0.00001', '1e-15', '1e+22', '-1.5e-07'],
  ['real', '1.1', '1e-45', '3.4028235e+38', '1.6777216e+07', '1e+06', '100000', '1.17549435e-38'],
  ['boolean', 't', 'f'],
  ['text', '', '\\N', 'a\tb\nc\\', '🙂', ' 12 ', '1e5', '\v\f\b\r', "it's", '\u0001\u001a', 'x\\'],
  ['varchar(5)', '', 'a    ', 'äöü🙂\\'],
  ['varchar(3000)', 'x'.repeat(3000)],
  ['char(5)', 'a', '🙂', ''],
  ['bytea', '\\x', '\\x00ff5c0a09'],
  ['date', '2024-02-29', '0001-01-01', '9999-12-31'],
  ['time', '00:00:00', '23:59:59.999999', '24:00:00'],
  ['timetz', '00:00:00+00', '12:00:00+05:30'],
  ['timestamp', '2024-02-29 23:59:59.123456', '0001-01-01 00:00:00.1'],
  ['timestamp(3)', '2024-01-01 00:00:00.1'],
  ['timestamptz', '2024-02-29 23:59:59.000001+00', '0001-01-01 00:00:00+00', '9999-12-31 00:00:00+00'],
  ['interval', 'PT0S', 'P-1Y-2M3DT-4H', 'P1Y2M3DT4H5M6.789S'],
  ['json', '{"b": 1, "a": [1.10, null], "a": 2}', '12', ' 1.50 '],
  ['jsonb', '{"a": [1.10, "x"]}', '1.50'],
  ['xml', '<a b="c">d</a>'],
  ['uuid', 'c0ffee00-1234-4abc-8def-0123456789ab'],
  ['bit(3)', '101', '000'],
  ['bit(64)', '1'.repeat(64)],
  ['bit varying', '', '0101'],
];

/** Values that MariaDB has not: the copy fails on them, and nothing is written. */
const REFUSED: readonly (readonly [type: string, text: string])[] = [
  ['numeric(12,2)', 'NaN'],
  ['double precision', 'NaN'],
  ['double precision', 'Infinity'],
  ['real', '-Infinity'],
  ['date', '0044-03-15 BC'],
  ['date', 'infinity'],
  ['date', '10000-01-01'],
  ['timestamp', '4713-01-01 00:00:00 BC'],
  ['timestamptz', '0001-01-01 00:00:00+00 BC'],
  ['timestamptz', '-infinity'],
  ['timestamptz', '294276-12-31 23:59:59+00'],
];

/** What MariaDB has and PostgreSQL shows of it. */
const FROM_MARIADB: readonly (readonly [type: string, literal: string, text: string])[] = [
  ['bigint unsigned', '18446744073709551615', '18446744073709551615'],
  ['mediumint', '-8388608', '-8388608'],
  ['int(6) zerofill', '42', '42'],
  ['tinyint(1)', '1', 't'],
  ['tinyint', '-128', '-128'],
  ['decimal(10,3)', '1.100', '1.100'],
  ['float', '1.1', '1.100000023841858'],
  ['double(10,2)', '1.1', '1.1'],
  ['year', '1901', '1901'],
  ['time(3)', "'23:59:59.120'", '23:59:59.12'],
  ['datetime(6)', "'2024-02-29 23:59:59.100000'", '2024-02-29 23:59:59.1'],
  ['timestamp(6) NULL', "'2024-02-29 23:59:59.100000'", '2024-02-29 23:59:59.1+00'],
  ["enum('a','b''c')", "'b''c'", "b'c"],
  ["set('x','y','z')", "'x,z'", 'x,z'],
  ['bit(5)', "b'00101'", '00101'],
  ['json', `'{"a": 1.10, "a": 2}'`, '{"a": 1.10, "a": 2}'],
  ['varchar(10) CHARACTER SET latin1', "'äé€'", 'äé€'],
  ['char(5)', "'a  '", 'a'],
  ['binary(3)', "'a'", '\\x610000'],
  ['uuid', "'C0FFEE00-1234-4ABC-8DEF-0123456789AB'", 'c0ffee00-1234-4abc-8def-0123456789ab'],
];

describeWith(['postgres', 'mariadb'], 'PostgreSQL and MariaDB', () => {
  let first: PostgresPlace;
  let last: PostgresPlace;
  let between: MariadbPlace;
  let source: Database;
  let middle: Database;
  let target: Database;

  beforeEach(async () => {
    [first, last, between] = await Promise.all([postgresPlace(), postgresPlace(), mariadbPlace()]);
    [source, target, middle] = await Promise.all([first.open(), last.open(), between.open()]);
  });
  afterEach(() => Promise.all([first.drop(), last.drop(), between.drop()]));

  const fill = (type: string, texts: readonly string[]) => {
    const rows = texts.map((text, index) => `(${index}, '${text.replaceAll("'", "''")}'::${type})`);
    return first.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type});
      INSERT INTO t VALUES ${rows.join(', ')}, (${texts.length}, NULL)`);
  };

  test.for(THERE_AND_BACK)('%s goes to MariaDB and back as it was', async ([type, ...texts]) => {
    await fill(type, texts);
    await last.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type})`);
    const there = await copyTable({ source, target: middle }, 't');
    expect(await middle.writer.checksum(there.plan, null, never())).toEqual(
      await source.reader.checksum(there.plan, null, never()),
    );
    await copyTable({ source: middle, target }, 't');
    const all = 'SELECT id, v::text FROM t ORDER BY id';
    expect(await last.query(all)).toEqual(await first.query(all));
  });

  test.for(REFUSED)('%s of %s is refused, says so beforehand and writes nothing', async ([type, text]) => {
    await fill(type, [text]);
    const failure = await copyTable({ source, target: middle }, 't').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'target.value_rejected', details: { column: 'v' } });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(text);
    expect(await between.query('SELECT COUNT(*) FROM t')).toEqual([['0']]);
  });

  test('a label that an enum of MariaDB lacks is refused, and never the place of another', async () => {
    await first.execute(`CREATE TYPE digit AS ENUM ('1', '2', '10'); CREATE TABLE t (id bigint PRIMARY KEY, v digit);
      INSERT INTO t VALUES (1, '2')`);
    await between.execute("CREATE TABLE t (id bigint PRIMARY KEY, v enum('1','10') NULL)");
    await expect(copyTable({ source, target: middle }, 't')).rejects.toMatchObject({
      code: 'target.value_rejected',
      details: { column: 'v' },
    });
    expect(await between.query('SELECT COUNT(*) FROM t')).toEqual([['0']]);
  });

  test.for(FROM_MARIADB)('%s %s is %s in PostgreSQL', async ([type, literal, text]) => {
    await between.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type});
      INSERT INTO t VALUES (1, ${literal}), (2, NULL)`);
    const { plan } = await copyTable({ source: middle, target }, 't');
    expect(await last.query('SELECT v FROM t ORDER BY id')).toEqual([[text], [null]]);
    expect(await target.writer.checksum(plan, null, never())).toEqual(
      await middle.reader.checksum(plan, null, never()),
    );
  });

  test.each([
    ['time', "'25:00:00'"],
    ['date', "'0000-00-00'"],
    ['datetime', "'2024-00-00 00:00:00'"],
    ['tinyint(1)', '2'],
  ])('a %s of %s is refused by PostgreSQL', async (type, literal) => {
    await between.execute(
      `CREATE TABLE t (id bigint PRIMARY KEY, v ${type}); INSERT INTO t VALUES (1, ${literal})`,
    );
    await expect(copyTable({ source: middle, target }, 't')).rejects.toMatchObject({
      code: 'target.value_rejected',
    });
  });

  test('zero dates become NULL where the connection says so', async () => {
    const place = await mariadbPlace('mariadb', { zeroDates: 'null' });
    const database = await place.open();
    await place.execute(`CREATE TABLE t (id bigint PRIMARY KEY, d date, t datetime(6), s timestamp(3) NULL);
      INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00', '0000-00-00'), (2, '2024-01-01', '2024-01-01', '2024-01-01')`);
    const { plan } = await copyTable({ source: database, target }, 't');
    expect(await last.query('SELECT * FROM t ORDER BY id')).toEqual([
      ['1', null, null, null],
      ['2', '2024-01-01', '2024-01-01 00:00:00', '2024-01-01 00:00:00+00'],
    ]);
    expect(await target.writer.checksum(plan, null, never())).toEqual(
      await database.reader.checksum(plan, null, never()),
    );
    await place.drop();
  });

  test('key ranges of texts hold the same rows on both sides, blanks at the end included', async () => {
    const keys = ['', ' ', 'a', 'a ', 'a\t', 'A', 'Z', 'z', 'ä', '\u{ffff}', '🙂'];
    await first.execute(`CREATE TABLE t (id text COLLATE "C" PRIMARY KEY);
      INSERT INTO t VALUES ${keys.map((key) => `('${key}')`).join(', ')}`);
    const { plan } = await copyTable({ source, target: middle }, 't');
    expect(plan.position.sameOrder).toBe(true);
    for (const range of await source.reader.planRanges(plan, { rowsPerRange: 2, snapshot: null }, never())) {
      expect(await middle.writer.checksum(plan, range, never())).toEqual(
        await source.reader.checksum(plan, range, never()),
      );
    }
  });

  test('uuids that the type of MariaDB has not are those that the plan names', async () => {
    const digits = Array.from('0123456789abcdef');
    const uuids = digits.flatMap((version) =>
      digits.map((variant) => `01234567-89ab-${version}def-${variant}123-456789abcdef`),
    );
    const named = uuids.filter((uuid) => uuid[14]! >= '8' && uuid[19]! < '8');
    const all = uuids.map((uuid) => `SELECT '${uuid}' AS v`).join(' UNION ALL ');
    const refused = await between.query(`SELECT v FROM (${all}) AS u WHERE CAST(v AS uuid) IS NULL`);
    expect(refused.flat()).toEqual(named);
    await fill('uuid', [uuids[0]!, named[0]!]);
    const selection = { columns: { types: { v: 'uuid' } } };
    const { plan } = await planBetween({ source, target: middle }, 't', { selection });
    expect(plan.columns[1]).toMatchObject({
      exact: false,
      note: 'uuids whose third group begins with 8 to f and whose fourth with 0 to 7 are refused',
    });
    await expect(copyTable({ source, target: middle }, 't', { selection })).rejects.toMatchObject({
      code: 'target.value_rejected',
    });
    await first.execute('DELETE FROM t WHERE id = 1');
    const again = await copyTable({ source, target: middle }, 't', { selection, execution: 'again' });
    expect(await middle.writer.checksum(again.plan, null, never())).toEqual(
      await source.reader.checksum(again.plan, null, never()),
    );
  });

  test('a geometry is refused, and copied as EWKT where that is asked for', async () => {
    await between.execute(`CREATE TABLE t (id bigint PRIMARY KEY, g geometry);
      INSERT INTO t VALUES (1, ST_GeomFromText('POINT(1 2)', 4326)), (2, NULL)`);
    await expect(copyTable({ source: middle, target }, 't')).rejects.toMatchObject({
      code: 'type.unsupported',
    });
    await copyTable({ source: middle, target }, 't', { selection: { columns: { policies: { g: 'text' } } } });
    expect(await last.query('SELECT g FROM t ORDER BY id')).toEqual([['SRID=4326;POINT(1 2)'], [null]]);
  });
});
