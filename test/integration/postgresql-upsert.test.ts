import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { copyTable } from '../support/copy-table.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

const spec = { write: { mode: 'upsert' } } as const;
const KEPT = `SELECT count(*) FROM pg_class WHERE relname LIKE 'sluice_staging_%'`;

describeWith(['postgres'], 'upserts into PostgreSQL', () => {
  let from: PostgresPlace;
  let to: PostgresPlace;
  let ends: { readonly source: Database; readonly target: Database };

  beforeEach(async () => {
    [from, to] = await Promise.all([postgresPlace(), postgresPlace()]);
    ends = { source: await from.open(), target: await to.open() };
  });
  afterEach(() => Promise.all([from.drop(), to.drop()]));

  const sides = async (table: string) => [
    await from.query(`SELECT * FROM ${table} ORDER BY id`),
    await to.query(`SELECT * FROM ${table} ORDER BY id`),
  ];

  test('of several batches and tables keep one staging table a connection, and no row of another batch', async () => {
    for (const name of ['a', 'b'])
      await from.execute(
        `CREATE TABLE ${name} (id int PRIMARY KEY, ${name} text); INSERT INTO ${name} SELECT i, '${name}' || i FROM generate_series(1, 50) AS i`,
      );
    for (const [at, name] of ['a', 'b', 'a'].entries()) {
      await from.execute(`UPDATE ${name} SET ${name} = ${name} || '!' WHERE id % 3 = ${at}`);
      await copyTable(ends, name, { spec, blockRows: 7, execution: String(at) });
      const [source, target] = await sides(name);
      expect(target).toEqual(source);
    }
    expect(Number((await to.query(KEPT))[0]?.[0])).toBeLessThanOrEqual(2);
  });

  test('go on after the table was altered', async () => {
    await from.execute(`CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1), (2, 2)`);
    await copyTable(ends, 't', { spec });
    for (const place of [from, to])
      await place.execute('ALTER TABLE t ALTER COLUMN v TYPE text, ADD COLUMN w text');
    await from.execute(`UPDATE t SET v = 'x', w = 'y' WHERE id = 2`);
    await copyTable(ends, 't', { spec, execution: 'second' });
    const [source, target] = await sides('t');
    expect(target).toEqual(source);
  });

  test('leave no table behind that keeps a type of the user from being dropped', async () => {
    for (const place of [from, to]) await place.execute(`CREATE TYPE mood AS ENUM ('sad', 'ok')`);
    await from.execute(`CREATE TABLE t (id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, 'ok')`);
    await copyTable(ends, 't', { spec });
    expect(await to.query(KEPT)).toEqual([['0']]);
    await to.execute('DROP TABLE t; DROP TYPE mood');
  });
});
