import { expect, test } from 'vitest';
import { copyTable, planBetween } from '../support/copy-table.ts';
import { type Product, useOpenPlaces } from '../support/places.ts';
import { describeWith } from '../support/servers.ts';

type Case = readonly [from: Product, type: string, to: Product, as: string];

/** Of a key that is made at the target by `columns.types`. */
const MERGED: readonly Case[] = [
  ['postgres', 'double precision', 'postgres', 'real'],
  ['postgres', 'bigint', 'postgres', 'double precision'],
  ['postgres', 'timestamp(6)', 'postgres', 'timestamp(0) without time zone'],
  ['postgres', 'text', 'postgres', 'varchar(5)'],
  ['mariadb', 'varchar(20)', 'postgres', 'character(20)'],
  ['postgres', 'timestamp(6)', 'mariadb', 'datetime(3)'],
  ['postgres', 'time', 'mariadb', 'time(2)'],
  ['postgres', 'double precision', 'mariadb', 'float'],
  ['postgres', 'varchar(9)', 'mariadb', 'char(9)'],
  ['postgres', 'varchar(9)', 'mariadb', 'int'],
  ['mariadb', 'varbinary(3)', 'mariadb', 'binary(4)'],
  ['sqlite', 'DATETIME', 'mariadb', 'datetime'],
];
/** Of a key that stands there. */
const FOLDED: readonly Case[] = [
  ['postgres', 'varchar(9)', 'mariadb', 'varchar(9) COLLATE utf8mb4_general_ci'],
  ['postgres', 'varchar(9)', 'mariadb', 'varchar(9) COLLATE utf8mb4_bin'],
  ['mariadb', 'varchar(9) COLLATE utf8mb4_nopad_bin', 'mariadb', 'varchar(9) COLLATE utf8mb4_unicode_ci'],
  ['sqlite', 'VARCHAR(9)', 'sqlite', 'VARCHAR(9) COLLATE NOCASE'],
  ['postgres', 'varchar(9)', 'sqlite', 'VARCHAR(9) COLLATE RTRIM'],
];
/** Whose values are refused at worst. */
const KEPT: readonly (readonly [...Case, value: string])[] = [
  ['postgres', 'numeric(9,4)', 'postgres', 'numeric(9,2)', '1.2'],
  ['postgres', 'numeric(9,4)', 'mariadb', 'int', '12'],
  ['postgres', 'timestamp(3)', 'mariadb', 'datetime(3)', '2024-01-01 00:00:00.123'],
  ['postgres', 'uuid', 'mariadb', 'uuid', '01234567-89ab-4def-8123-456789abcdef'],
  ['postgres', 'varchar(9)', 'mariadb', 'varchar(9) COLLATE utf8mb4_nopad_bin', 'a '],
  ['mariadb', 'varchar(9) COLLATE utf8mb4_general_ci', 'mariadb', 'varchar(9) COLLATE utf8mb4_bin', 'a'],
  ['mariadb', 'char(9) COLLATE utf8mb4_general_ci', 'mariadb', 'char(9) COLLATE utf8mb4_general_ci', 'a'],
  ['sqlite', 'VARCHAR(9) COLLATE NOCASE', 'sqlite', 'VARCHAR(9) COLLATE NOCASE', 'a'],
];

const spec = { write: { mode: 'upsert' } } as const;

describeWith(['postgres', 'mariadb'], 'an upsert by a key whose values could become the same', () => {
  const open = useOpenPlaces();

  const ends = async (from: Product, to: Product, type: string) => {
    const [source, target] = [await open(from), await open(to)];
    await source.place.execute(`CREATE TABLE t (k ${type} NOT NULL PRIMARY KEY, v int)`);
    return { source: source.database, target: target.database, from: source.place, to: target.place };
  };

  test.each(MERGED)('is refused by the plan: %s %s to %s %s', async (from, type, to, as) => {
    const between = await ends(from, to, type);
    const selection = { columns: { types: { k: as } } };
    await expect(planBetween(between, 't', { spec, selection })).rejects.toMatchObject({
      code: 'config.invalid',
      details: { column: 'k' },
    });
    await between.to.execute(`CREATE TABLE t (k ${as} NOT NULL PRIMARY KEY, v int)`);
    await expect(planBetween(between, 't', { spec })).rejects.toMatchObject({
      code: 'target.structure_differs',
      details: { column: 'k' },
    });
    // Here the target itself refuses the second of two rows.
    await planBetween(between, 't', { spec: { write: { mode: 'append' } } });
  });

  test.each(FOLDED)('is refused by the plan for a collation: %s %s to %s %s', async (from, type, to, as) => {
    const between = await ends(from, to, type);
    await between.to.execute(`CREATE TABLE t (k ${as} NOT NULL PRIMARY KEY, v int)`);
    await expect(planBetween(between, 't', { spec })).rejects.toMatchObject({
      code: 'target.structure_differs',
      details: { column: 'k' },
    });
  });

  test('is refused by the plan where another unique key of the target is meant', async () => {
    const between = await ends('postgres', 'postgres', 'int');
    await between.from.execute('ALTER TABLE t ADD COLUMN u double precision');
    await between.to.execute('CREATE TABLE t (k int PRIMARY KEY, v int, u real UNIQUE)');
    await expect(planBetween(between, 't', { spec })).rejects.toMatchObject({ details: { column: 'u' } });
    await between.to.execute('ALTER TABLE t DROP CONSTRAINT t_u_key');
    await planBetween(between, 't', { spec });
  });

  test.for(KEPT)(
    'goes on where values are only refused: %s %s to %s %s',
    async ([from, type, to, as, value]) => {
      const between = await ends(from, to, type);
      await between.from.execute(`INSERT INTO t VALUES ('${value}', 1)`);
      await between.to.execute(`CREATE TABLE t (k ${as} NOT NULL PRIMARY KEY, v int)`);
      await copyTable(between, 't', { spec });
      await copyTable(between, 't', { spec, execution: 'again' });
      expect(await between.to.query('SELECT v FROM t')).toEqual([['1']]);
    },
  );

  test('is refused where the target in PostgreSQL has a collation that is not deterministic, not where both have it', async () => {
    const between = await ends('postgres', 'postgres', 'text COLLATE "C"');
    const collation = `CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;
    await between.to.execute(
      `${collation}; CREATE TABLE t (k text COLLATE folding NOT NULL PRIMARY KEY, v int)`,
    );
    const refusal = { code: 'target.structure_differs', details: { column: 'k' } };
    await expect(planBetween(between, 't', { spec })).rejects.toMatchObject(refusal);
    await between.from.execute(
      `${collation}; DROP TABLE t; CREATE TABLE t (k text COLLATE folding NOT NULL PRIMARY KEY, v int)`,
    );
    await planBetween(between, 't', { spec });
  });
});
