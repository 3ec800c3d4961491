import { setTimeout as wait } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import pg from 'pg';

const SESSIONS = 4;
/** The first seconds are left out: sessions, groups and caches begin. */
const WARM_UP_SECONDS = 5;
const SENT = /"sent_us" ?: ?(\d{15,17})/g;
const UPDATE = `UPDATE changed_orders SET amount = amount + 1, sent_us = (extract(epoch FROM clock_timestamp()) * 1e6)::bigint
  WHERE id = 1 + (random() * 99999)::bigint`;

export interface LatencyRequest {
  readonly source: string;
  readonly topic: string;
  /** Transactions of one change each, a second. */
  readonly rate: number;
  readonly seconds: number;
}

export interface Latency {
  readonly events: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Sessions that each change one row at its time, late or not. */
async function load({ source, rate, seconds }: LatencyRequest): Promise<void> {
  const everyMs = (1000 * SESSIONS) / rate;
  const session = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: source });
    await client.connect();
    const beganMs = performance.now();
    for (let n = 0; n * everyMs < seconds * 1000; n += 1) {
      const earlyMs = beganMs + n * everyMs - performance.now();
      if (earlyMs > 1) await wait(earlyMs);
      await client.query(UPDATE);
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: SESSIONS }, session));
}

/** From the statement's clock to the consumer's, in milliseconds, of what is committed. */
export async function measureLatency(kafka: Kafka, request: LatencyRequest): Promise<Latency> {
  const { topic, rate, seconds } = request;
  const consumer = kafka.consumer({
    groupId: `latency-${process.pid}`,
    readUncommitted: false,
    maxWaitTimeInMs: 50,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: false });
  const found: number[] = [];
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    eachBatch: async ({ batch }) => {
      const nowUs = (performance.timeOrigin + performance.now()) * 1000;
      for (const { value } of batch.messages) {
        const sent = Math.max(0, ...[...String(value).matchAll(SENT)].map(([, us]) => Number(us)));
        if (sent > 0) found.push((nowUs - sent) / 1000);
      }
    },
  });
  await joined;
  await load(request);
  await wait(2_000);
  await consumer.disconnect();
  const sorted = found.slice(WARM_UP_SECONDS * rate).toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(
      (sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN) * 10,
    ) / 10;
  if (found.length < rate * seconds * 0.9) throw new Error(`only ${found.length} events came`);
  return { events: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
