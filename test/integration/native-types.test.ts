import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable, planBetween } from '../support/copy-table.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

const CASES: readonly (readonly [type: string, ...texts: string[]])[] = [
  ['inet', '10.0.0.1', '10.0.0.0/8', '2001:db8::1'],
  ['cidr', '10.0.0.0/8'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['point', '(1.5,-2)'],
  ['tsvector', "'a':1 'b':2"],
  ['integer[]', '{1,2,NULL}', '[2:3]={7,8}', '{}'],
  ['text[]', '{a,"b,c","",NULL,"\\"x\\\\"}'],
  ['timestamptz[]', '{"2024-01-01 10:00:00+00"}'],
  ['int4range', '[1,10)', 'empty', '(,)'],
  ['tstzrange', '["2024-01-01 00:00:00+00","2024-06-01 00:00:00+00")'],
  ['pg_lsn', '16/B374D848'],
];

describeWith(['postgres'], 'types that only PostgreSQL has', () => {
  let from: PostgresPlace;
  let to: SqlitePlace;
  let back: PostgresPlace;
  let source: Database;
  let target: Database;

  beforeEach(async () => {
    [from, to, back] = await Promise.all([postgresPlace(), sqlitePlace(), postgresPlace()]);
    [source, target] = await Promise.all([from.open(), to.open()]);
  });
  afterEach(() => Promise.all([from.drop(), to.drop(), back.drop()]));

  test.each(CASES)(
    '%s is copied as its text where that is asked for, and verified',
    async (type, ...texts) => {
      const rows = texts.map((text, index) => `(${index}, '${text.replaceAll("'", "''")}'::${type})`);
      await from.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type});
      INSERT INTO t VALUES ${rows.join(', ')}, (${texts.length}, NULL)`);
      const refused = await planBetween({ source, target }, 't').catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: 'type.unsupported',
        details: { column: 'v', suggestion: expect.stringContaining('policies: { "v": text }') as string },
      });
      const { plan } = await copyTable({ source, target }, 't', {
        selection: { columns: { policies: { '*': 'text' } } },
      });
      expect(plan.columns[1]).toMatchObject({ targetType: 'TEXT', exact: true });
      expect(plan.columns[1]?.note).toContain(`the text that postgresql writes for`);
      const sum = await source.reader.checksum(plan, null, never());
      expect(await target.writer.checksum(plan, null, never())).toEqual(sum);
      // The text is the whole value: PostgreSQL reads it back as the same.
      await back.execute(`CREATE TABLE t (id bigint PRIMARY KEY, v text)`);
      const there = await back.open();
      await copyTable({ source: target, target: there }, 't');
      const all = `SELECT id, v::${type}::text FROM t ORDER BY id`;
      expect(await back.query(all)).toEqual(await from.query(all));
    },
  );

  test('enums, domains and composites go with them', async () => {
    await from.execute(`CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b text);
      CREATE DOMAIN email AS varchar(40) CHECK (VALUE LIKE '%@%');
      CREATE TABLE t (id int PRIMARY KEY, m mood, e email, p pair);
      INSERT INTO t VALUES (1, 'ok', 'a@b', (1, 'x,y')), (2, NULL, NULL, NULL), (3, 'sad', 'c@d', (NULL, ''))`);
    const { plan } = await copyTable({ source, target }, 't', {
      selection: { columns: { policies: { p: 'text' } } },
    });
    expect(await target.writer.checksum(plan, null, never())).toEqual(
      await source.reader.checksum(plan, null, never()),
    );
  });

  test('a column that is not there is refused', async () => {
    await from.execute('CREATE TABLE t (id int PRIMARY KEY)');
    await expect(
      planBetween({ source, target }, 't', { selection: { columns: { policies: { gone: 'text' } } } }),
    ).rejects.toMatchObject({ code: 'source.column_not_found' });
  });
});
