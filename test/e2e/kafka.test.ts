import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { digestSql, keylessSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

describeWith(['postgres', 'kafka', 'temporal'], 'a snapshot transfer through Kafka', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let world: TransferWorld;

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    target = await createPostgresDatabase(servers().postgresUrl);
    await source.query(ordersSql(60_000));
    await source.query(keylessSql(20_000));
    // A row that is larger than a message of the hub.
    await source.query(`CREATE TABLE large (id integer PRIMARY KEY, body text);
      INSERT INTO large SELECT i, repeat(md5(i::text), 40000 * i) FROM generate_series(1, 4) AS i`);
    world = await createWorld({
      source: source.url,
      target: target.url,
      hub: { url: servers().kafkaUrl, maxMessageBytes: 500_000 },
      spec: {
        tables: { 'public.*': {} },
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

  test('copies every row of every table once, and leaves no topic', async () => {
    await world.start();
    const report = await world.result();
    expect(report).toMatchObject({ phase: 'finished', rows: 80_004, compared: 3, equal: 3 });
    for (const table of ['orders', 'events', 'large'])
      expect(await target.cell(digestSql(table)), table).toBe(await source.cell(digestSql(table)));
    const { host } = new URL(servers().kafkaUrl.replace('kafka:', 'http:'));
    const admin = new Kafka({ brokers: [host], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const left = (await admin.listTopics()).filter((name) =>
      name.includes(world.transfer.replaceAll('_', '_5f')),
    );
    await admin.disconnect();
    expect(left).toEqual([]);
  });
});
