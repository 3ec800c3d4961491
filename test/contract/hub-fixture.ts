import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  Consumer,
  Delivery,
  Handled,
  Hub,
  HubKind,
  HubMessage,
  RunTopic,
} from '../../src/engine/ports/hub.ts';

export const MIB = 1024 * 1024;
export const WIDE = { messages: 1_000, bytes: 64 * MIB };
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
/** Bytes that no two calls have in common, and that are like rows: they can be compressed. */
export const rowBytes = (size: number): Buffer =>
  Buffer.alloc(size, `${randomBytes(48).toString('base64')}\t`);
export const idsOf = (from: number, to: number): string[] => range(from, to).map((n) => `id.${n}`);
export const sorted = (ids: readonly string[]): string[] =>
  ids.toSorted((a, b) => Number(a.slice(3)) - Number(b.slice(3)));

/** What each group of tests works with: a hub and a fresh run a test. */
export interface HubContext {
  readonly hub: Hub;
  readonly topic: RunTopic;
  publish(messages: readonly HubMessage[]): Promise<void>;
  backlog(): Promise<number>;
}

/** What a product gives the hub suite. */
export interface HubHarness {
  /** Title of the suite. */
  readonly title: string;
  readonly kind: HubKind;
  readonly url: () => string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** The hub itself refuses what goes beyond `maxBytes` (Kafka does not). */
  readonly limitsBytes: boolean;
  /** A message that is published again under its id is stored once (elsewhere the ledger drops the second). */
  readonly storesIdsOnce: boolean;
  /** Two consumers share what comes with one ordinal and lane (Kafka shares lanes). */
  readonly sharesLanes: boolean;
}

/** Hubs and runs of one test file; `clean` leaves nothing behind. */
export interface HubFixture {
  open(): Promise<Hub>;
  /** A run that nothing else uses, removed by `clean`. */
  topic(): RunTopic;
  clean(): Promise<void>;
}

export const never = new AbortController().signal;

export function createHubFixture(harness: HubHarness): HubFixture {
  const hubs: Hub[] = [];
  const topics: RunTopic[] = [];
  return {
    open: async () => {
      const { kind } = harness;
      const hub = await kind.open(kind.parseUrl(harness.url(), harness.settings), {
        applicationName: 'hub suite',
      });
      hubs.push(hub);
      return hub;
    },
    topic: () => {
      const topic = { transfer: `suite ${randomUUID()}`, run: 1 };
      topics.push(topic);
      return topic;
    },
    clean: async () => {
      for (const topic of topics.splice(0)) await hubs[0]?.topics.remove(topic, never);
      await Promise.all(hubs.splice(0).map((hub) => hub.close()));
    },
  };
}

/** Waits for a condition; the test's own timeout is the limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10);
}

export const message = (n: number, data: Uint8Array | string = `block ${n}`, ordinal = 1): HubMessage => ({
  id: `id.${n}`,
  ordinal,
  header: `{"n":${n}}`,
  data: typeof data === 'string' ? Buffer.from(data) : data,
});

export interface Collected {
  readonly seen: Delivery[];
  readonly ids: () => readonly string[];
  /** Ends the run and waits for it. */
  stop(): Promise<void>;
}

/** Runs the consumer with a handler, `applied` by default, and keeps what it was given. */
export function collect(
  consumer: Consumer,
  handle: (delivery: Delivery) => Promise<Handled> = () => Promise.resolve('applied'),
): Collected {
  const stop = new AbortController();
  const seen: Delivery[] = [];
  const done = consumer.run((delivery) => {
    seen.push(delivery);
    return handle(delivery);
  }, stop.signal);
  return {
    seen,
    ids: () => seen.map(({ id }) => id),
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}

/** A handler that waits until it is let go, message by message or all at once. */
export function createGate(): {
  readonly pass: (delivery: Delivery) => Promise<Handled>;
  readonly waiting: Map<string, (handled: Handled) => void>;
  open(): void;
} {
  const waiting = new Map<string, (handled: Handled) => void>();
  let isOpen = false;
  return {
    waiting,
    pass: ({ id }) => {
      if (isOpen) return Promise.resolve('applied');
      return new Promise((resolve) =>
        waiting.set(id, (handled) => {
          waiting.delete(id);
          resolve(handled);
        }),
      );
    },
    open: () => {
      isOpen = true;
      for (const letGo of waiting.values()) letGo('applied');
    },
  };
}
