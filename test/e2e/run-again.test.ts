import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { digestSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

const ROWS = 20_000;

describeWith(['postgres', 'nats', 'temporal'], 'a transfer that runs again and again', () => {
  describe.each(['truncate', 'upsert'] as const)('with write mode %s', (mode) => {
    let source: TestDatabase;
    let target: TestDatabase;
    let world: TransferWorld;

    const expectEqual = async () =>
      expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));

    const finishedRuns = async () =>
      Number(await target.cell('SELECT count(*) FROM sluice.sluice_runs WHERE finished_at IS NOT NULL'));

    beforeAll(async () => {
      source = await createPostgresDatabase(servers().postgresUrl);
      target = await createPostgresDatabase(servers().postgresUrl);
      await source.query(ordersSql(ROWS));
      world = await createWorld({
        source: source.url,
        target: target.url,
        spec: {
          tables: { 'public.*': {} },
          write: { mode },
          read: { rowsPerRange: 5_000, blockBytes: 65_536 },
          completion: { verify: 'checksum', gracePeriod: '1s' },
        },
      });
      world.worker();
    });

    afterAll(async () => {
      await world?.cli('schedule', 'delete', world.transfer, '--yes');
      await world?.close();
      await source?.drop();
      await target?.drop();
    });

    test('copies the same rows again in a run of its own', async () => {
      for (const run of [1, 2]) {
        await world.start();
        expect(await world.result()).toMatchObject({ run, phase: 'finished', rows: ROWS, equal: 1 });
        await expectEqual();
      }
    });

    test('copies by a schedule what has changed since', async () => {
      await source.query(
        `UPDATE orders SET note = 'changed' WHERE id % 3 = 0; INSERT INTO orders SELECT * FROM orders LIMIT 0;
         INSERT INTO orders (id, customer_id, status, amount, created_at) VALUES (${ROWS + 1}, 1, 'new', 1.10, '2026-01-01')`,
      );
      const created = await world.cli('schedule', 'create', world.transfer, '--cron', '0 0 1 1 *');
      expect({ code: created.code, stderr: created.stderr }).toEqual({ code: 0, stderr: '' });
      expect((await world.cli('schedule', 'trigger', world.transfer)).code).toBe(0);
      await world.eventually('the scheduled run is finished', async () => (await finishedRuns()) === 3);
      expect(await world.result()).toMatchObject({ run: 3, phase: 'finished', rows: ROWS + 1, equal: 1 });
      await expectEqual();
      expect((await world.cli('schedule', 'list', '-o', 'json')).stdout).toContain(world.transfer);
    });
  });
});
