import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, test } from 'vitest';
import type { RunningKafka } from '../../scripts/servers/start-kafka.mjs';
import { eventually } from '../support/eventually.ts';
import { describeWith, startOwnKafka } from '../support/servers.ts';
import type { WorkerProcess } from '../support/sluice.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'kafka', 'temporal'], 'a transfer through Kafka', () => {
  let broker: RunningKafka;
  let stage: Stage;
  let admin: Admin;
  let worker: WorkerProcess;

  /** The data topic of the run, and the one of hints. */
  const topicsOfRun = async (): Promise<readonly string[]> => {
    const mark = stage.world.transfer.replaceAll('_', '_5f');
    return (await admin.listTopics()).filter((name) => name.includes(mark));
  };
  const dataTopic = () =>
    eventually('the data topic is there', async () =>
      (await topicsOfRun()).find((name) => !name.endsWith('.control')),
    );

  beforeAll(async () => {
    broker = await startOwnKafka();
    admin = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    stage = await createStage({ hub: `kafka://${broker.brokers}` });
    worker = stage.world.worker();
    await stage.world.start();
    await stage.moves(1_000);
  });

  afterAll(async () => {
    await stage?.close();
    await admin?.disconnect();
    await broker?.stop();
  });

  test('goes on when the broker is killed and restarted at once', async () => {
    await broker.kill();
    await broker.restart();
    await stage.moves(1_000);
  });

  test('goes on when the broker was away for a while', async () => {
    await broker.kill();
    await stage.standsStill();
    await broker.restart();
    await stage.moves(1_000);
  });

  test('is copied again when the data topic is deleted', async () => {
    await admin.deleteTopics({ topics: [await dataTopic()] });
    await stage.moves(1_000);
  });

  test('is copied again when both topics are deleted twice in a row', async () => {
    for (let times = 0; times < 2; times += 1) {
      await dataTopic();
      for (const topic of await topicsOfRun()) await admin.deleteTopics({ topics: [topic] });
    }
    await stage.moves(1_000);
  });

  test('is copied again when somebody deletes its records', async () => {
    const topic = await dataTopic();
    const offsets = await admin.fetchTopicOffsets(topic);
    const partitions = offsets.map(({ partition }) => ({ partition, offset: '-1' }));
    await admin.deleteTopicRecords({ topic, partitions });
    await stage.moves(1_000);
  });

  test('goes on with another worker when one is killed', async () => {
    worker.kill('SIGKILL');
    await worker.ended;
    worker = stage.world.worker();
    await stage.moves(1_000);
  });

  test('leaves no topic, and both sides are equal', async () => {
    await stage.endsEqual();
    await eventually('its topics are removed', async () => (await topicsOfRun()).length === 0);
  });
});
