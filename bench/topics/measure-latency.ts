import { setTimeout as wait } from 'node:timers/promises';
import type { Session } from './source.ts';
import { openArrivals } from './topic.ts';

const SESSIONS = 4;
/** The first seconds are left out: sessions, groups and caches begin. */
const WARM_UP_SECONDS = 5;
const SENT = /"sent_us" ?: ?(\d{15,17})/g;

export interface LatencyRequest {
  readonly topic: string;
  readonly session: () => Promise<Session>;
  /** Transactions of one change each, a second. */
  readonly rate: number;
  readonly seconds: number;
}

export type Latency = Readonly<Record<'events' | 'p50' | 'p95' | 'p99' | 'max', number>>;

/** Sessions that each change one row at its time, late or not. */
async function load({ session: open, rate, seconds }: LatencyRequest): Promise<void> {
  const everyMs = (1000 * SESSIONS) / rate;
  const run = async (): Promise<void> => {
    const session = await open();
    const beganMs = performance.now();
    for (let n = 0; n * everyMs < seconds * 1000; n += 1) {
      const earlyMs = beganMs + n * everyMs - performance.now();
      if (earlyMs > 1) await wait(earlyMs);
      await session.change();
    }
    await session.close();
  };
  await Promise.all(Array.from({ length: SESSIONS }, run));
}

/** From the statement's clock to the consumer's, in milliseconds, of what is committed. */
export async function measureLatency(request: LatencyRequest): Promise<Latency> {
  const { topic, rate, seconds } = request;
  const found: number[] = [];
  const arrivals = await openArrivals(topic, (values, nowMs) => {
    for (const value of values) {
      const sent = Math.max(0, ...[...value.matchAll(SENT)].map(([, us]) => Number(us)));
      if (sent > 0) found.push(nowMs - sent / 1000);
    }
  });
  try {
    await load(request);
    await arrivals.reached(Math.floor(rate * seconds * 0.9));
  } finally {
    await arrivals.close();
  }
  const sorted = found.slice(WARM_UP_SECONDS * rate).toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { events: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
