import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { required } from '../environment.ts';

export const createKafka = (): Kafka =>
  new Kafka({ brokers: [required('SLUICE_TEST_KAFKA_BROKERS')], logLevel: logLevel.NOTHING });

export async function makeTopic(topic: string, partitions: number): Promise<void> {
  const admin = createKafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
  await admin.disconnect();
}

async function endsOf(topic: string): Promise<readonly { partition: number; low: string; high: string }[]> {
  const admin = createKafka().admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets;
}

/** Stored and not deleted again, markers of transactions included. */
export const storedIn = async (topic: string): Promise<number> =>
  (await endsOf(topic)).reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);

/** What came into a topic since it was opened. */
export interface Arrivals {
  readonly count: () => number;
  /** Of keys and values. */
  readonly bytes: () => number;
  /** Of the first one and of the last; NaN before it. */
  readonly firstMs: () => number;
  readonly lastMs: () => number;
  /** @throws Error where that takes too long */
  reached(count: number): Promise<void>;
  close(): Promise<void>;
}

const LIMIT_MS = 120_000;

/** Reads what is committed from now on. @param each  is called with the values that came, and the time of that */
export async function openArrivals(
  topic: string,
  each: (values: readonly string[], nowMs: number) => void = () => undefined,
): Promise<Arrivals> {
  const consumer = createKafka().consumer({
    groupId: `bench-${process.pid}-${Date.now()}`,
    readUncommitted: false,
    maxWaitTimeInMs: 50,
  });
  let [count, bytes, firstMs, lastMs] = [0, 0, Number.NaN, Number.NaN];
  const ends = await endsOf(topic);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: false });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    eachBatch: ({ batch }) => {
      lastMs = performance.now();
      if (count === 0) firstMs = lastMs;
      count += batch.messages.length;
      for (const { key, value } of batch.messages) bytes += (key?.length ?? 0) + (value?.length ?? 0);
      each(
        batch.messages.map(({ value }) => String(value)),
        performance.timeOrigin + lastMs,
      );
      return Promise.resolve();
    },
  });
  await joined;
  // What came before its first fetch is its, too.
  for (const { partition, high } of ends) consumer.seek({ topic, partition, offset: high });
  return {
    count: () => count,
    bytes: () => bytes,
    firstMs: () => firstMs,
    lastMs: () => lastMs,
    reached: async (wanted) => {
      const startedMs = performance.now();
      while (count < wanted) {
        if (performance.now() - startedMs > LIMIT_MS) {
          const before = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
          // Whether the relay or this consumer lacks them.
          const stored = (await storedIn(topic)) - before;
          throw new Error(`only ${count} of ${wanted} came; ${stored} are stored, markers included`);
        }
        await delay(10);
      }
    },
    close: () => consumer.disconnect(),
  };
}
