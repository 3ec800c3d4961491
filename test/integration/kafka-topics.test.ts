import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Hub, HubMessage } from '../../src/engine/ports/hub.ts';
import { kafka } from '../../src/hubs/kafka/hub.ts';
import { namesOf } from '../../src/hubs/kafka/names.ts';
import { collect, message, MIB, never, range, rowBytes, until } from '../contract/hub-fixture.ts';
import { describeWith, servers } from '../support/servers.ts';

let closing: (() => Promise<unknown>)[] = [];

const open = async (url: string, settings: Record<string, unknown> = {}): Promise<Hub> => {
  const hub = await kafka.open(kafka.parseUrl(url, settings), { applicationName: 'topics test' });
  closing.push(() => hub.close());
  return hub;
};

afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

describeWith(['kafka'], 'topics of Kafka', () => {
  let admin: Admin;
  const made: string[] = [];
  beforeAll(async () => {
    const { host } = new URL(servers().kafkaUrl.replace('kafka:', 'http:'));
    admin = new Kafka({ brokers: [host], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.deleteTopics({ topics: made }).catch(() => undefined);
    await admin?.disconnect();
  });
  const topicOf = (transfer: string) => {
    const topic = { transfer: `${transfer} ${process.pid} ${Date.now()}`, run: 1 };
    made.push(...Object.values(namesOf(topic)));
    return topic;
  };

  test('one with other settings is refused and left as it is', async () => {
    const hub = await open(servers().kafkaUrl);
    const topic = topicOf('other');
    await admin.createTopics({
      topics: [
        {
          topic: namesOf(topic).dataTopic,
          numPartitions: 1,
          configEntries: [
            { name: 'retention.ms', value: '60000' },
            { name: 'max.message.bytes', value: '1000' },
          ],
        },
      ],
    });
    await expect(hub.topics.ensure(topic, { maxBytes: MIB }, never)).rejects.toMatchObject({
      code: 'hub.settings_differ',
      message: expect.stringMatching(
        /retention\.ms is 60000, not -1;.*max\.message\.bytes is 1000, less than/,
      ),
    });
  });

  test('the number of partitions and the largest message are as the settings say', async () => {
    const hub = await open(servers().kafkaUrl, { partitions: 5, maxMessageBytes: 200_000 });
    const topic = topicOf('sized');
    await hub.topics.ensure(topic, { maxBytes: MIB }, never);
    const { topics } = await admin.fetchTopicMetadata({ topics: [namesOf(topic).dataTopic] });
    expect(topics[0]?.partitions.length).toBe(5);
    expect(await hub.topics.maxMessageBytes(never)).toBeLessThan(200_000);
    expect((await hub.warnings(never)).join('\n')).toMatch(/maxMessageBytes is 200000/);
  });

  test('what is acknowledged is deleted from the broker', async () => {
    const hub = await open(servers().kafkaUrl, { partitions: 1 });
    const topic = topicOf('purged');
    await hub.topics.ensure(topic, { maxBytes: MIB }, never);
    const publisher = await hub.publisher(topic);
    for (const n of range(1, 4)) await publisher.publish(message(n), never);
    const consumer = await hub.consumer(topic, { messages: 8, bytes: MIB });
    const got = collect(consumer);
    await until(async () => (await hub.topics.backlog(topic, never)).messages === 0);
    await hub.topics.purgeAcknowledged(topic, never);
    await got.stop();
    const [partition] = await admin.fetchTopicOffsets(namesOf(topic).dataTopic);
    expect(partition).toMatchObject({ low: '4', high: '4' });
  });

  test('records that somebody deletes hold nobody up', async () => {
    const hub = await open(servers().kafkaUrl, { partitions: 1 });
    const topic = topicOf('deleted');
    await hub.topics.ensure(topic, { maxBytes: MIB }, never);
    const publisher = await hub.publisher(topic);
    for (const n of range(1, 4)) await publisher.publish(message(n), never);
    await admin.fetchTopicOffsets(namesOf(topic).dataTopic); // teaches the driver who leads it
    await admin.deleteTopicRecords({
      topic: namesOf(topic).dataTopic,
      partitions: [{ partition: 0, offset: '3' }],
    });
    expect((await hub.topics.backlog(topic, never)).messages).toBe(1);
    const consumer = await hub.consumer(topic, { messages: 8, bytes: MIB });
    const got = collect(consumer);
    await until(async () => (await hub.topics.backlog(topic, never)).messages === 0);
    await got.stop();
    expect(got.ids()).toEqual(['id.4']);
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'messages that the broker stores as %s are read, whatever they were sent as',
    async (type) => {
      const hub = await open(servers().kafkaUrl, {
        partitions: 2,
        compression: type === 'lz4' ? 'zstd' : 'lz4',
      });
      const topic = topicOf(`stored as ${type}`);
      await hub.topics.ensure(topic, { maxBytes: MIB }, never);
      const entries = [{ name: 'compression.type', value: type }];
      const resources = [
        { type: ConfigResourceTypes.TOPIC, name: namesOf(topic).dataTopic, configEntries: entries },
      ];
      await admin.alterConfigs({ validateOnly: false, resources });
      const publisher = await hub.publisher(topic);
      const sent = range(1, 12).map((n) => ({ ...message(n, rowBytes(n * 50_000)), lane: n % 2 }));
      await Promise.all(sent.map((one) => publisher.publish(one, never)));
      const consumer = await hub.consumer(topic, { messages: 4, bytes: MIB });
      const got = collect(consumer);
      await until(async () => (await hub.topics.backlog(topic, never)).messages === 0);
      await got.stop();
      const plain = ({ id, data }: HubMessage) => ({ id, data: Buffer.from(data).toString('base64') });
      const byId = (all: readonly HubMessage[]) =>
        all.map(plain).toSorted((a, b) => a.id.localeCompare(b.id));
      expect(byId(got.seen)).toEqual(byId(sent));
    },
  );
});
