import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable, planBetween } from '../support/copy-table.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

const ROWS = 25;

/** The key and so many columns besides: numbers, short texts, every third NULL in every second row. */
const wideSql = (columns: number, series: string): string => {
  const numbers = Array.from({ length: columns - 1 }, (_, index) => index + 1);
  const definitions = numbers.map((n) => (n % 40 === 0 ? `c${n} text` : `c${n} smallint`));
  const values = numbers.map((n) => {
    if (n % 40 === 0) return `'t' || (i * ${n})`;
    return n % 3 === 0 ? `CASE WHEN i % 2 = 0 THEN (i * ${n}) % 30000 END` : `(i + ${n}) % 30000`;
  });
  return `CREATE TABLE wide (id integer PRIMARY KEY, ${definitions.join(', ')});
    INSERT INTO wide SELECT i, ${values.join(', ')} FROM ${series}`;
};

describeWith(['postgres'], 'a table with as many columns as a database takes', () => {
  let postgres: readonly [PostgresPlace, PostgresPlace];
  let files: readonly [SqlitePlace, SqlitePlace];
  let databases: { readonly postgres: Database; readonly other: Database };
  let sqlite: { readonly file: Database; readonly other: Database };

  beforeEach(async () => {
    postgres = [await postgresPlace(), await postgresPlace()];
    files = [await sqlitePlace(), await sqlitePlace()];
    databases = { postgres: await postgres[0].open(), other: await postgres[1].open() };
    sqlite = { file: await files[0].open(), other: await files[1].open() };
  });
  afterEach(() => Promise.all([...postgres, ...files].map((place) => place.drop())));

  /** Both sides have the same canonical texts. */
  const expectCopied = async (
    source: Database,
    target: Database,
    columns: number,
    exclude: readonly string[] = [],
  ): Promise<void> => {
    const options = { blockRows: 10, selection: { columns: { exclude: [...exclude] } } };
    const { plan } = await copyTable({ source, target }, 'wide', options);
    expect(plan.columns).toHaveLength(columns);
    const [at, to] = await Promise.all([
      source.reader.checksum(plan, null, never()),
      target.writer.checksum(plan, null, never()),
    ]);
    expect(to).toEqual(at);
    expect(at.rows).toBe(BigInt(ROWS));
  };
  const series = `generate_series(1, ${ROWS}) AS i`;
  const counted = `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT i FROM n)`;

  test('1,600 columns of PostgreSQL arrive in PostgreSQL', { timeout: 60_000 }, async () => {
    await postgres[0].execute(wideSql(1_600, series));
    await expectCopied(databases.postgres, databases.other, 1_600);
  });

  test('1,600 columns of PostgreSQL arrive in SQLite, and go back', { timeout: 60_000 }, async () => {
    await postgres[0].execute(wideSql(1_600, series));
    await expectCopied(databases.postgres, sqlite.file, 1_600);
    // Eight bytes for each integer of SQLite: more than a page of PostgreSQL holds. Refused by code; with fewer they fit.
    const tooLong = copyTable({ source: sqlite.file, target: databases.other }, 'wide');
    await expect(tooLong).rejects.toMatchObject({ code: 'target.value_rejected', retry: 'manual' });
    await postgres[1].execute('DROP TABLE wide');
    await expectCopied(sqlite.file, databases.other, 1_600 - 711, ['c1*']);
  });

  test('2,000 columns of SQLite arrive in SQLite, and PostgreSQL refuses them in the plan', async () => {
    await files[0].execute(wideSql(2_000, counted));
    await expectCopied(sqlite.file, sqlite.other, 2_000);
    const refused = planBetween({ source: sqlite.file, target: databases.other }, 'wide');
    await expect(refused).rejects.toMatchObject({
      code: 'target.structure_differs',
      message: 'the table has 2000 columns, and postgresql takes 1600',
      details: { suggestion: expect.stringContaining('columns.exclude') },
    });
    const fewer = { selection: { columns: { exclude: ['c1???'] } } };
    const { plan } = await planBetween({ source: sqlite.file, target: databases.other }, 'wide', fewer);
    expect(plan.columns).toHaveLength(1_000);
  });
});
