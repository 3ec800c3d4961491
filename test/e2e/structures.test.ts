import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import {
  EVERYTHING_MARIADB,
  EVERYTHING_POSTGRESQL,
  EVERYTHING_SQLITE,
  PEOPLE_ROWS,
} from '../support/shops.ts';
import { type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type WorldOptions } from '../support/transfer-world.ts';

/** Foreign keys and checks of PostgreSQL that hold, by table. */
const CONSTRAINTS = `SELECT conrelid::regclass::text, contype::text, count(*)::text FROM pg_constraint
  WHERE contype IN ('f', 'c', 'u') AND convalidated AND connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ 'visits_' GROUP BY 1, 2 ORDER BY 1, 2`;

describeWith(
  ['postgres', 'mariadb', 'nats', 'temporal'],
  'a schema with a circle of foreign keys and everything else',
  () => {
    let source: TestDatabase;
    let target: TestDatabase;
    let maria: MariadbPlace;
    let folder: Awaited<ReturnType<typeof createFolder>>;

    beforeEach(async () => {
      [source, target, maria, folder] = await Promise.all([
        createPostgresDatabase(servers().postgresUrl),
        createPostgresDatabase(servers().postgresUrl),
        mariadbPlace(),
        createFolder(),
      ]);
    });
    afterEach(() => Promise.all([source.drop(), target.drop(), maria.drop(), folder.remove()]));

    const run = async (
      ends: Pick<WorldOptions, 'source' | 'target'>,
      spec: Partial<WorldOptions['spec']> = {},
    ) => {
      const world = await createWorld({
        ...ends,
        spec: { tables: { '*': {} }, completion: { verify: 'checksum' }, ...spec },
      });
      world.worker();
      try {
        await world.start();
        await world.eventually('it is over or waits for a person', async () => {
          if ((await world.handle.describe()).status.name !== 'RUNNING') return true;
          return (await world.status()).health.health === 'blocked';
        });
        expect((await world.tables()).tables.filter(({ error }) => error !== null)).toEqual([]);
        return await world.result();
      } finally {
        await world.close();
      }
    };
    const fromPostgres = () => source.query(`${EVERYTHING_POSTGRESQL}${PEOPLE_ROWS}`);

    test('from PostgreSQL to PostgreSQL: all of it, new numbers past the old ones, and again on top of it', async () => {
      await fromPostgres();
      const report = await run({ source: source.url, target: target.url });
      expect(report).toMatchObject({ phase: 'finished', rows: 7, equal: 3, leftOutCount: 1 });
      expect(report.leftOut[0]?.sql).toContain('partitioned');
      expect(await target.query(CONSTRAINTS)).toEqual(await source.query(CONSTRAINTS));
      await target.query(`INSERT INTO people (mail) VALUES ('d@x')`);
      expect(
        await target.query(`SELECT id::text, invoice::text, loud FROM people WHERE mail = 'd@x'`),
      ).toEqual([['40', '115', 'GUEST']]);
      const again = await run({ source: source.url, target: target.url }, { write: { mode: 'truncate' } });
      expect(again).toMatchObject({ phase: 'finished', rows: 7, equal: 3 });
      expect(await target.query(CONSTRAINTS)).toEqual(await source.query(CONSTRAINTS));
    });

    test('from PostgreSQL to MariaDB and from MariaDB to PostgreSQL: what both know', async () => {
      await fromPostgres();
      expect(await run({ source: source.url, target: maria.url })).toMatchObject({
        phase: 'finished',
        rows: 7,
        equal: 3,
      });
      expect(
        await maria.query(
          `SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = '${maria.name}' AND CONSTRAINT_TYPE = 'FOREIGN KEY' AND TABLE_NAME NOT LIKE 'sluice%' ORDER BY 1`,
        ),
      ).toEqual([['homes_owner'], ['people_boss'], ['people_home'], ['visits_home'], ['visits_person']]);
      await maria.execute(
        `SET foreign_key_checks = 0; DROP TABLE people, homes, visits; DROP TABLE IF EXISTS sluice_lanes, sluice_tables, sluice_runs; SET foreign_key_checks = 1; ${EVERYTHING_MARIADB}`,
      );
      expect(await run({ source: maria.url, target: target.url })).toMatchObject({
        phase: 'finished',
        rows: 4,
        equal: 2,
      });
      expect(await target.query(CONSTRAINTS)).toEqual([
        ['homes', 'c', '1'],
        ['homes', 'f', '1'],
        ['people', 'c', '1'],
        ['people', 'f', '2'],
      ]);
    });

    test('from PostgreSQL to SQLite and from SQLite to PostgreSQL: what both know', async () => {
      await fromPostgres();
      const [there, shop] = [join(folder.path, 'there.db'), join(folder.path, 'shop.db')];
      expect(await run({ source: source.url, target: `sqlite:${there}` })).toMatchObject({
        phase: 'finished',
        rows: 7,
        equal: 3,
      });
      const made = new BetterSqlite(there);
      expect(made.prepare('SELECT count(*) AS keys FROM pragma_foreign_key_list(?)').get('people')).toEqual({
        keys: 2,
      });
      expect(
        made
          .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND name NOT LIKE 'sluice%' ORDER BY 1",
          )
          .all(),
      ).toEqual([
        { name: 'homes_large' },
        { name: 'homes_street' },
        { name: 'people_mail_key' },
        { name: 'visits_day' },
      ]);
      made.close();
      const file = new BetterSqlite(shop);
      file.pragma('foreign_keys = OFF');
      file.exec(EVERYTHING_SQLITE);
      file.close();
      expect(await run({ source: `sqlite:${shop}`, target: target.url })).toMatchObject({
        phase: 'finished',
        rows: 4,
        equal: 2,
      });
      expect(await target.query(CONSTRAINTS)).toEqual([
        ['homes', 'c', '1'],
        ['homes', 'f', '1'],
        ['people', 'c', '1'],
        ['people', 'f', '2'],
        ['people', 'u', '1'],
      ]);
    });
  },
);
