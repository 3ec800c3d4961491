import { type Admin, type Consumer, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { expect } from 'vitest';
import { type Cluster, createCluster } from '../../src/hubs/kafka/wire/cluster.ts';
import { uniqueName } from './databases.ts';
import { eventually } from './eventually.ts';

export type ReadMessage = KafkaMessage & { readonly partition: number };

/** Topics of one test file, and what a consumer of another make reads of them. */
export interface TestTopics {
  readonly admin: Admin;
  create(settings?: Readonly<Record<string, string>>, partitions?: number): Promise<string>;
  /** What is committed, partition by partition, up to where the topic ends now. */
  committed(topic: string): Promise<readonly ReadMessage[]>;
  close(): Promise<void>;
}

/** Offsets behind the last message of each partition, once no transaction is open any more. */
async function settledEnds(cluster: Cluster, topic: string): Promise<ReadonlyMap<number, bigint>> {
  const view = await cluster.topic(topic);
  const asked = (view?.partitions ?? []).map(({ id }) => ({ partition: id, timestamp: '-1' }));
  const { driver } = await cluster.any();
  const ends = async (isolationLevel: 0 | 1): Promise<ReadonlyMap<number, bigint>> => {
    const { responses } = await driver.listOffsets({
      replicaId: -1,
      isolationLevel,
      topics: [{ topic, partitions: asked }],
    });
    const found = responses.flatMap(({ partitions }) => partitions);
    return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]));
  };
  return eventually('no transaction is open', async () => {
    const [all, stable] = [await ends(0), await ends(1)];
    expect(stable).toEqual(all);
    return all;
  });
}

/** A consumer stands at an end only behind messages; markers of transactions count as offsets, and are none. */
async function readToEnd(kafka: Kafka, cluster: Cluster, topic: string): Promise<readonly ReadMessage[]> {
  const ends = await settledEnds(cluster, topic);
  const open = new Map([...ends].filter(([, end]) => end > 0n));
  const read: ReadMessage[] = [];
  if (open.size === 0) return read;
  const consumer: Consumer = kafka.consumer({ groupId: uniqueName('reader'), readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    // Batches without messages, of markers and of what was aborted, end where the reading goes on.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (BigInt(payload.lastOffset) + 1n >= (open.get(payload.partition) ?? 0n))
        open.delete(payload.partition);
      if (open.size === 0) resolve();
    });
    consumer
      .run({
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          for (const message of batch.messages) read.push({ ...message, partition: batch.partition });
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return read.toSorted((a, b) => a.partition - b.partition);
}

export async function openTestTopics(brokers: string): Promise<TestTopics> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const cluster = createCluster({ servers: [brokers], clientId: 'test', ssl: null, sasl: null });
  const made: string[] = [];
  return {
    admin,
    create: async (settings = {}, partitions = 4) => {
      const topic = uniqueName('topic');
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      await admin.createTopics({
        topics: [{ topic, numPartitions: partitions, configEntries }],
        waitForLeaders: false, // the driver gives up where a broker that has just started does not host it yet
      });
      made.push(topic);
      await eventually('it is hosted', () =>
        admin.fetchTopicOffsets(topic).then(
          () => true,
          () => false,
        ),
      );
      return topic;
    },
    committed: (topic) => readToEnd(kafka, cluster, topic),
    close: async () => {
      await admin.deleteTopics({ topics: made }).catch(() => undefined);
      await admin.disconnect();
      await cluster.close();
    },
  };
}
