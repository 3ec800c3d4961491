import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable } from '../support/copy-table.ts';
import { type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

/** MariaDB's types, each with literals whose values must survive the way into SQLite and back. */
const CASES: readonly (readonly [type: string, ...literals: string[]])[] = [
  ['bigint', '-9223372036854775808', '9223372036854775807'],
  ['bigint unsigned', '18446744073709551615', '0'],
  ['decimal(65,30)', `${'9'.repeat(35)}.${'9'.repeat(30)}`, '-0.000000000000000000000000000001'],
  ['double', '0.1e0', '1e300', '5e-324', '-1.5e-7', '123456789012345680e0'],
  ['boolean', '1', '0'],
  ['varchar(20)', "''", "'a  '", String.raw`'\\ \t \n'`, "'🙂'", "'12'"],
  ['longtext', "REPEAT('ä\\\\', 100000)", "CONCAT('nul', CHAR(0))"],
  ['longblob', "X''", "X'00ff5c0a09'"],
  ['date', "'2024-02-29'", "'9999-12-31'"],
  ['time(6)', "'23:59:59.999999'", "'00:00:00'"],
  ['datetime(6)', "'2024-02-29 23:59:59.000001'"],
  ['timestamp(6) NULL', "'2038-01-19 03:14:07.9'"],
  ['json', `'{"a": 1.10, "a": 2}'`, `'12'`],
  ['bit(9)', "b'000000101'"],
  ["enum('a','b')", "'b'"],
];

describeWith(['mariadb'], 'MariaDB and SQLite', () => {
  let first: MariadbPlace;
  let last: MariadbPlace;
  let between: SqlitePlace;
  let source: Database;
  let middle: Database;
  let target: Database;

  beforeEach(async () => {
    [first, last, between] = await Promise.all([mariadbPlace(), mariadbPlace(), sqlitePlace()]);
    [source, target, middle] = await Promise.all([first.open(), last.open(), between.open()]);
  });
  afterEach(() => Promise.all([first.drop(), last.drop(), between.drop()]));

  test.for(CASES)('%s goes to SQLite and back as it was', async ([type, ...literals]) => {
    const create = `CREATE TABLE t (id bigint PRIMARY KEY, v ${type})`;
    const rows = literals.map((literal, index) => `(${index}, ${literal})`);
    await first.execute(`${create}; INSERT INTO t VALUES ${rows.join(', ')}, (${literals.length}, NULL)`);
    await last.execute(create);
    const there = await copyTable({ source, target: middle }, 't');
    expect(await middle.writer.checksum(there.plan, null, never())).toEqual(
      await source.reader.checksum(there.plan, null, never()),
    );
    const back = await copyTable({ source: middle, target }, 't');
    expect(await target.writer.checksum(back.plan, null, never())).toEqual(
      await middle.reader.checksum(back.plan, null, never()),
    );
    const all = 'SELECT id, HEX(v) FROM t ORDER BY id';
    expect(await last.query(all)).toEqual(await first.query(all));
  });
});
