import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { digestSql, keylessSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a snapshot transfer from PostgreSQL to PostgreSQL', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let world: TransferWorld;

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    target = await createPostgresDatabase(servers().postgresUrl);
    await source.query(ordersSql(60_000));
    await source.query(keylessSql(20_000));
    await source.query(`CREATE TABLE nothing (id integer PRIMARY KEY); CREATE SCHEMA sales;
      CREATE TABLE sales."Odd "" name" (a text COLLATE "C", b uuid, "select" numeric, PRIMARY KEY (a, b));
      INSERT INTO sales."Odd "" name" SELECT chr(32 + i % 90) || i, md5(i::text)::uuid, 'NaN' FROM generate_series(1, 500) AS i`);
    world = await createWorld({
      source: source.url,
      target: target.url,
      spec: {
        tables: { 'public.*': {}, 'sales.*': {} },
        read: { rowsPerRange: 10_000, blockBytes: 65_536 },
        completion: { verify: 'checksum' },
      },
    });
    world.worker();
  });

  afterAll(async () => {
    await world?.close();
    await source?.drop();
    await target?.drop();
  });

  test('copies every row of every table once, and says so in its report', async () => {
    await world.start();
    const report = await world.result();
    expect(report).toMatchObject({
      phase: 'finished',
      rows: 80_500,
      compared: 4,
      equal: 4,
      drifted: 0,
      skipped: 0,
    });
    for (const table of ['orders', 'events', 'nothing', 'sales."Odd "" name"']) {
      expect(await target.cell(digestSql(table)), table).toBe(await source.cell(digestSql(table)));
    }
  });

  test('keeps its history small', async () => {
    const description = await world.handle.describe();
    expect(description.historyLength).toBeLessThan(200);
  });

  test('refuses to copy into tables that hold rows, and names the way out', async () => {
    const before = await target.cell(digestSql('orders'));
    await world.start();
    const blocked = await eventually('orders is blocked', async () =>
      (await world.tables()).tables.find(
        ({ table, status }) => table === 'public.orders' && status === 'blocked',
      ),
    );
    expect(blocked.error).toMatchObject({ code: 'target.not_empty' });
    expect(blocked.error?.suggestion).toContain('write.mode');
    await world.handle.cancel();
    await expect(world.result()).rejects.toThrow();
    expect(await target.cell(digestSql('orders'))).toBe(before);
  });
});
