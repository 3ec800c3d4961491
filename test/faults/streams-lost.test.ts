import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import pg from 'pg';
import { afterAll, beforeAll, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers } from '../support/servers.ts';
import type { WorkerProcess } from '../support/sluice.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'nats', 'temporal'], 'what a transfer keeps in JetStream', () => {
  let stage: Stage;
  let connection: NatsConnection;
  let worker: WorkerProcess;
  let streams: JetStreamManager['streams'];

  /** The data stream of the run, and with `CONTROL` behind it the one of hints. */
  const streamsOfRun = async () => {
    const mark = stage.world.transfer.replaceAll('_', '_5f');
    const names = await streams.names().next();
    return names.filter((name) => name.includes(mark));
  };
  const dataStream = async () => (await streamsOfRun()).find((name) => !name.endsWith('_CONTROL'));
  const filled = () =>
    eventually('the data stream holds messages', async () => {
      const name = await dataStream();
      return name !== undefined && (await streams.info(name)).state.messages > 0 ? name : undefined;
    });

  beforeAll(async () => {
    connection = await connect({ servers: servers().natsUrl });
    ({ streams } = await connection.jetstreamManager());
    stage = await createStage();
    worker = stage.world.worker();
    await stage.world.start();
    await stage.moves(1_000);
  });

  afterAll(async () => {
    await stage?.close();
    await connection?.close();
  });

  test('is copied again when the data stream is deleted', async () => {
    await streams.delete(await filled());
    await stage.moves(1_000);
  });

  test('is copied again when the data stream is purged', async () => {
    await streams.purge(await filled());
    await stage.moves(1_000);
  });

  test('is copied again when both streams are deleted twice in a row', async () => {
    for (let times = 0; times < 2; times += 1) {
      await filled();
      for (const name of await streamsOfRun()) await streams.delete(name);
    }
    await stage.moves(1_000);
  });

  test('is copied again when it is deleted with messages that no worker has seen', async () => {
    const { target, world } = stage;
    const lock = new pg.Client({ connectionString: target.url });
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE orders, events, shelves IN SHARE MODE'); // nothing can be applied
    await eventually(
      'messages pile up',
      async () => (await streams.info(await filled())).state.bytes > 400_000,
    );
    worker.kill('SIGKILL');
    await worker.ended;
    for (const name of await streamsOfRun()) await streams.delete(name);
    await lock.end();
    worker = world.worker();
    await stage.moves(1_000);
  });

  test('is gone once the transfer has ended, and both sides are equal', async () => {
    await stage.endsEqual();
    await eventually('its streams are removed', async () => (await streamsOfRun()).length === 0);
  });
});
