import { afterAll, beforeAll } from 'vitest';
import {
  describeRefusedEvents,
  LIMIT_BYTES,
  type NarrowTopics,
  type ReadEvent,
} from '../contract/describe-refused-events.ts';
import { openTestTopics, type TestTopics } from '../support/kafka-topics.ts';
import { describeWith, servers } from '../support/servers.ts';

describeWith(['kafka', 'postgres'], 'changes of PostgreSQL in topics of Kafka that refuse some', () => {
  let topics: TestTopics;
  beforeAll(async () => {
    topics = await openTestTopics(servers().kafkaUrl.replace('kafka://', ''));
  });
  afterAll(() => topics?.close());

  const narrow = async (): Promise<NarrowTopics> => {
    const topic = await topics.create({ 'max.message.bytes': String(LIMIT_BYTES) }, 3);
    const configEntries = [{ name: 'max.message.bytes', value: '1000000' }];
    return {
      topics: { name: topic },
      read: async () =>
        (await topics.committed(topic)).map(({ value }) => JSON.parse(String(value)) as ReadEvent),
      raiseLimit: async () => {
        await topics.admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: 2, name: topic, configEntries }],
        });
      },
      drop: () => Promise.resolve(),
    };
  };
  describeRefusedEvents({
    get url() {
      return servers().kafkaUrl;
    },
    narrow,
    deaths: ['endTxn'],
  });
});
