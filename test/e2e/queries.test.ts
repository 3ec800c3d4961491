import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

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
