import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { mariadbOrdersSql } from '../support/mariadb-orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld, type WorldOptions } from '../support/transfer-world.ts';

const ROWS = 6_000;

describeWith(
  ['postgres', 'nats', 'temporal'],
  'a query without a key whose rows are never in one order',
  () => {
    let folder: Awaited<ReturnType<typeof createFolder>>;
    let target: TestDatabase;
    let world: TransferWorld;

    afterEach(async () => {
      await world?.close();
      await target?.drop();
      await folder?.remove();
    });

    test('arrives with each row once, though a worker is killed and the transfer is paused in its middle', async () => {
      folder = await createFolder();
      target = await createPostgresDatabase(servers().postgresUrl);
      const path = join(folder.path, 'source.db');
      const file = new BetterSqlite(path);
      file.exec(`CREATE TABLE items (id INTEGER PRIMARY KEY);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) INSERT INTO items SELECT i FROM n`);
      file.close();
      world = await createWorld({
        source: `sqlite:${path}`,
        target: target.url,
        spec: {
          tables: { shuffled: { query: 'SELECT id FROM items ORDER BY random()', to: 'public.*' } },
          read: { blockRows: 100 },
          limits: { ratePerSecond: 1_000 },
          completion: { verify: 'checksum', gracePeriod: '1s' },
          recovery: { heartbeatTimeout: '3s' },
        },
      });
      const first = world.worker();
      await world.start();
      const arrived = async (): Promise<number> =>
        Number(await target.cell(`SELECT count(*) FROM shuffled`).catch(() => 0));
      const some = (): Promise<unknown> =>
        world.eventually('some rows arrive', async () => {
          const rows = await arrived();
          return rows > 300 && rows < ROWS;
        });
      await some();
      first.kill('SIGKILL');
      world.worker();
      await world.eventually('it begins again', async () => {
        const [shuffled] = (await world.tables()).tables;
        return (shuffled?.generation ?? 0) > 1;
      });
      await some();
      await world.cli('pause', world.transfer, '--wait');
      await world.change({ ratePerSecond: 0 });
      await world.cli('resume', world.transfer);
      expect(await world.result()).toMatchObject({ phase: 'finished', rows: ROWS, equal: 1 });
      expect(await target.cell('SELECT count(*) || count(DISTINCT id)::text FROM shuffled')).toBe(
        `${ROWS}${ROWS}`,
      );
    });
  },
);

describeWith(
  ['postgres', 'mariadb', 'nats', 'temporal'],
  'a start from MariaDB that may copy so many rows',
  () => {
    let maria: MariadbPlace;
    let target: TestDatabase;
    let world: TransferWorld;

    afterEach(async () => {
      await world?.close();
      await Promise.all([maria?.drop(), target?.drop()]);
    });

    test('copies exactly so many of tables and queries, and the next one the rest', async () => {
      maria = await mariadbPlace();
      target = await createPostgresDatabase(servers().postgresUrl);
      await maria.query(mariadbOrdersSql(ROWS));
      const spec: WorldOptions['spec'] = {
        tables: {
          orders: { to: 'public.*' },
          paid: { query: "SELECT id, qty FROM orders WHERE status = 'paid'", key: ['id'], to: 'public.*' },
          report: { query: 'SELECT status, COUNT(*) AS n FROM orders GROUP BY status', to: 'public.*' },
        },
        read: { rowsPerRange: 2_000, blockBytes: 16_384 },
        limits: { rows: 4_000 },
        completion: { verify: 'checksum' },
      };
      world = await createWorld({ source: maria.url, target: target.url, spec });
      const first = world.worker();
      const limited = await world.cli('start', world.transfer, '--wait', '--timeout', '240s');
      expect(limited.code, limited.stdout + limited.stderr).toBe(5);
      expect(await target.cell('SELECT sum(rows) FROM sluice.sluice_lanes')).toBe('4000');
      await world.rewrite({ ...spec, limits: {} });
      await first.stop();
      world.worker();
      await world.start();
      expect(await world.result()).toMatchObject({ phase: 'finished', compared: 3, equal: 3 });
      expect(await target.query('SELECT status, n::text FROM report ORDER BY 1')).toEqual(
        await maria.query('SELECT status, COUNT(*) FROM orders GROUP BY status ORDER BY 1'),
      );
      expect(await target.cell('SELECT count(*) || max(id)::text FROM paid')).toBe(`${ROWS / 4}${ROWS - 3}`);
    });
  },
);

describeWith(['postgres', 'nats', 'temporal'], 'structures of tables and columns that get new names', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let world: TransferWorld;

  afterEach(async () => {
    await world?.close();
    await Promise.all([source?.drop(), target?.drop()]);
  });

  test('are made under them: keys, foreign keys, indexes, checks', async () => {
    [source, target] = await Promise.all([
      createPostgresDatabase(servers().postgresUrl),
      createPostgresDatabase(servers().postgresUrl),
    ]);
    await source.query(`CREATE TABLE people (id int PRIMARY KEY, mail text UNIQUE, age int CHECK (age > 0));
      CREATE TABLE visits (id int PRIMARY KEY, person int NOT NULL REFERENCES people (id), place text);
      CREATE INDEX ON visits (person);
      INSERT INTO people SELECT i, 'p' || i, i FROM generate_series(1, 50) AS i;
      INSERT INTO visits SELECT i, 1 + i % 50, 'x' FROM generate_series(1, 200) AS i`);
    world = await createWorld({
      source: source.url,
      target: target.url,
      spec: {
        rename: { schemas: { public: 'shop' } },
        tables: {
          people: { to: 'old_*', columns: { rename: { id: 'the number', age: 'years' } } },
          visits: { columns: { rename: { person: 'who' } } },
        },
        completion: { verify: 'checksum' },
      },
    });
    world.worker();
    await world.start();
    const report = await world.result();
    expect(report).toMatchObject({ phase: 'finished', rows: 250, equal: 2, leftOut: [] });
    const made = await target.query(`SELECT pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'shop'::regnamespace AND contype <> 'n' ORDER BY 1`);
    expect(made.flat()).toEqual([
      'CHECK ((years > 0))',
      'FOREIGN KEY (who) REFERENCES shop.old_people("the number")',
      'PRIMARY KEY ("the number")',
      'PRIMARY KEY (id)',
      'UNIQUE (mail)',
    ]);
    expect(
      await target.cell(
        `SELECT count(*) FROM pg_indexes WHERE schemaname = 'shop' AND indexdef LIKE '%(who)'`,
      ),
    ).toBe('1');
  });
});
