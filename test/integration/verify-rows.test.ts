import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { verifyTable, type VerifyMode } from '../../src/engine/finishing/verify-table.ts';
import { never } from '../contract/test-tables.ts';
import { TRANSFER } from '../contract/test-transfer.ts';
import { copyTable, type CopyOptions } from '../support/copy-table.ts';
import { postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';
import { sqlitePlace } from '../support/sqlite-harness.ts';

interface Place {
  open(): Promise<Database>;
  execute(sql: string): Promise<unknown>;
  drop(): Promise<unknown>;
}

const PLACES = { PostgreSQL: postgresPlace, SQLite: sqlitePlace } as const;
type Product = keyof typeof PLACES;

const PAIRS: readonly (readonly [Product, Product])[] = [
  ['PostgreSQL', 'SQLite'],
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'PostgreSQL'],
  ['SQLite', 'SQLite'],
];

const control = { stop: never(), overdue: () => false, progress: () => undefined };
const MANY = 30_000;

/** Rows 1 to so many, by an expression of `i` a column. */
const numbered = (product: Product, count: number, columns: string): string =>
  product === 'PostgreSQL'
    ? `SELECT ${columns} FROM generate_series(1, ${count}) AS s(i)`
    : `WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${count}) SELECT ${columns} FROM s`;

describeWith(['postgres'], 'verification row by row', () => {
  describe.each(PAIRS)('from %s to %s', (from, to) => {
    let source: Place;
    let target: Place;
    let ends: { readonly source: Database; readonly target: Database };

    beforeEach(async () => {
      [source, target] = await Promise.all([PLACES[from](), PLACES[to]()]);
      const [left, right] = await Promise.all([source.open(), target.open()]);
      ends = { source: left, target: right };
    });
    afterEach(() => Promise.all([source.drop(), target.drop()]));

    /** Copies `t` and gives a function that compares it. */
    const copied = async (options: CopyOptions = {}) => {
      const { run, plan } = await copyTable(ends, 't', options);
      return async (mode: VerifyMode = 'rows', rowLimit = 100) => {
        const spec = { source: 'a', hub: 'h', target: 'b', tables: {}, ...options.spec };
        const request = { transfer: TRANSFER, run, table: plan.id, mode, spec, rowLimit };
        const found = await verifyTable(ends, request, control);
        if (!found) throw new Error('nothing stopped it');
        return found;
      };
    };

    test('names the one cell, the missing, the extra and the emptied row of a big table', async () => {
      await source.execute(`CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, note TEXT);
        INSERT INTO t ${numbered(from, MANY, `i, 'name ' || i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'x' END`)}`);
      const compare = await copied();
      expect(await compare()).toMatchObject({ equal: true, basis: 'checksum', rows: { differences: [] } });
      await target.execute(`UPDATE t SET name = 'name ' || 17777 || ' ' WHERE id = 17777;
        DELETE FROM t WHERE id = 25000;
        INSERT INTO t VALUES (99999999, 'name 1', 'x');
        UPDATE t SET note = '' WHERE id = 300`);
      const found = await compare();
      expect(found).toMatchObject({ equal: false, sourceRows: `${MANY}`, targetRows: `${MANY}` });
      expect(found.rows).toMatchObject({ keyColumns: ['id'], complete: true });
      expect(found.rows?.differences).toEqual([
        { kind: 'different', key: ['300'] },
        { kind: 'different', key: ['17777'] },
        { kind: 'missing', key: ['25000'] },
        { kind: 'extra', key: ['99999999'] },
      ]);
    });

    test('names rows by keys that the two databases order differently, in several columns', async () => {
      const collation = from === 'PostgreSQL' ? ' COLLATE "und-x-icu"' : ' COLLATE NOCASE';
      await source.execute(`CREATE TABLE t (place TEXT${collation} NOT NULL, amount NUMERIC(10,2) NOT NULL, v TEXT,
          PRIMARY KEY (place, amount));
        INSERT INTO t ${numbered(from, 3_000, `CASE i % 4 WHEN 0 THEN 'Ä' WHEN 1 THEN 'a;' WHEN 2 THEN 'B' ELSE '1:b' END, i + 0.5, 'v'`)}`);
      const compare = await copied();
      expect(await compare()).toMatchObject({ equal: true });
      await target.execute(`UPDATE t SET v = NULL WHERE place = 'Ä' AND v = 'v' AND CAST(amount AS REAL) < 5;
        DELETE FROM t WHERE place = 'B' AND CAST(amount AS REAL) < 3`);
      const { rows } = await compare();
      expect(rows?.keyColumns).toEqual(['place', 'amount']);
      expect(rows?.differences.map(({ kind, key }) => [kind, key[0], Number(key[1])].join())).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^different,Ä,4\.5$/),
          expect.stringMatching(/^missing,B,2\.5$/),
        ]),
      );
      expect(rows?.differences).toHaveLength(2);
    });

    test('stops at the limit and says so', async () => {
      await source.execute(`CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT);
        INSERT INTO t ${numbered(from, 2_000, `i, 'v'`)}`);
      const compare = await copied();
      await target.execute(`UPDATE t SET v = 'w'`);
      const { rows } = await compare('rows', 7);
      expect(rows).toMatchObject({ complete: false });
      expect(rows?.differences).toHaveLength(7);
    });

    test('counts the rows of a table without a key, equal ones as often as they are there', async () => {
      await source.execute(
        `CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('a'), ('a'), ('a'), ('b'), (NULL)`,
      );
      const compare = await copied();
      expect(await compare()).toMatchObject({ equal: true });
      await target.execute(`DELETE FROM t WHERE v = 'b'; INSERT INTO t VALUES ('a')`);
      const { rows } = await compare();
      expect(rows).toMatchObject({ keyColumns: [], complete: true });
      expect(rows?.differences.map(({ kind }) => kind).toSorted()).toEqual(['extra', 'missing']);
    });

    test('after an upsert compares the rows of the source by key where the target holds more', async () => {
      await source.execute(`CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT);
        INSERT INTO t ${numbered(from, 2_000, `i, 'v'`)}`);
      await target.execute(
        `CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'old'), (-5, 'own')`,
      );
      const compare = await copied({ spec: { write: { mode: 'upsert' } } });
      expect(await compare('checksum')).toMatchObject({ equal: true, basis: 'contained', rows: null });
      await target.execute(`UPDATE t SET v = 'changed' WHERE id = 1000`);
      expect(await compare('checksum')).toMatchObject({ equal: false, basis: 'contained', rows: null });
      expect((await compare('rows')).rows?.differences).toEqual([{ kind: 'different', key: ['1000'] }]);
      await target.execute(`DELETE FROM t WHERE id = -5`);
      expect(await compare('checksum')).toMatchObject({ equal: false, basis: 'checksum' });
      await target.execute(`UPDATE t SET v = 'v' WHERE id = 1000`);
      expect(await compare('checksum')).toMatchObject({ equal: true, basis: 'checksum' });
    });

    test('after an append says that only counts were compared where the target holds more', async () => {
      await source.execute(
        `CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')`,
      );
      await target.execute(
        `CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, v TEXT); INSERT INTO t VALUES (3, 'own')`,
      );
      const compare = await copied({ spec: { write: { mode: 'append' } } });
      expect(await compare('checksum')).toMatchObject({ equal: true, basis: 'count-at-least' });
      await target.execute('DELETE FROM t WHERE id = 1');
      expect(await compare('checksum')).toMatchObject({ equal: false, basis: 'checksum' });
      await target.execute('DELETE FROM t WHERE id = 2');
      expect(await compare('checksum')).toMatchObject({ equal: false, basis: 'count' });
    });
  });
});
