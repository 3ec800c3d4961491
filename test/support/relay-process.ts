/**
 * A process that moves captured changes into topics until nothing is pending, to be killed: `relay-process.ts ORDER` (RelayOrder as JSON).
 * Says the number of each message's claim as it is written, and "ended" at the end. With `killAt` it kills itself there.
 */
import { createRequire } from 'node:module';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { ChangeCapture } from '../../src/engine/ports/change-capture.ts';
import type { RetryPolicy } from '../../src/engine/ports/event-parking.ts';
import { relayToTopics } from '../../src/engine/topics/relay-to-topics.ts';
import { silentObserver } from '../../src/engine/observer.ts';
import { loadHubKind } from '../../src/hubs/index.ts';
import { DriverBroker } from '../../src/hubs/kafka/wire/driver.ts';
import { CAPTURE_DEFAULTS } from '../../src/model/capture-spec.ts';
import { DEFAULTS } from '../../src/model/transfer-spec.ts';
import { isSluiceError } from '../../src/model/sluice-error.ts';
import type { TopicsSpec } from '../../src/model/topics-spec.ts';

/** Calls of the drivers between which a process may die. */
export const DEATHS = {
  addPartitionsToTxn: 'kafka',
  addOffsetsToTxn: 'kafka',
  txnOffsetCommit: 'kafka',
  endTxn: 'kafka',
  /** An event of NATS. */
  publish: 'nats',
  /** The number of a claim of NATS; the first one takes the lane over. */
  replace: 'jetstream',
} as const;

export interface RelayOrder {
  readonly source: string;
  readonly hub: string;
  readonly transfer: string;
  readonly tables: readonly number[];
  readonly topics: TopicsSpec;
  /** Of a claim. */
  readonly events: number;
  readonly quarantine?: RetryPolicy;
  /** Dies at the first claim from which something is excluded. */
  readonly dieAtPark?: 'before' | 'after';
  readonly killAt?: {
    readonly call: keyof typeof DEATHS;
    readonly nth: number;
    readonly when: 'before' | 'after';
  };
}

type Method = (...given: unknown[]) => Promise<unknown>;
type Drivers = Record<string, { readonly prototype: unknown }>;
const require = createRequire(import.meta.url);

function dieAt({ call, nth, when }: NonNullable<RelayOrder['killAt']>): void {
  const { JetStreamClientImpl } = require('nats/lib/jetstream/jsclient') as Drivers;
  const { NatsConnectionImpl } = require('nats/lib/nats-base-client/nats') as Drivers;
  const owners = { kafka: DriverBroker, nats: NatsConnectionImpl, jetstream: JetStreamClientImpl };
  const methods = owners[DEATHS[call]]?.prototype as Record<string, Method>;
  const name = call === 'replace' ? 'publish' : call;
  const given = methods[name] as Method;
  let left = nth;
  methods[name] = async function (this: unknown, ...args: unknown[]) {
    const count = (): void => {
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    };
    if (when === 'before') count();
    const answer = await given.apply(this, args);
    // One that is refused for now, as while the transaction before still ends, is made again.
    if (when === 'after') count();
    return answer;
  };
}

function dyingAtPark(changes: ChangeCapture, when: 'before' | 'after'): ChangeCapture {
  const { parking } = changes;
  if (!parking) throw new Error('nothing can be set apart');
  const park: typeof parking.park = async (...given) => {
    if (when === 'after') await parking.park(...given);
    process.kill(process.pid, 'SIGKILL');
  };
  return { ...changes, parking: { ...parking, park } };
}

async function main(order: RelayOrder): Promise<void> {
  if (order.killAt) dieAt(order.killAt);
  const options = { maxConnections: 6, applicationName: 'relay', ledger: { schema: 'sluice', prefix: '' } };
  const source = await postgresql.open(postgresql.parseUrl(order.source, {}), options);
  const kind = await loadHubKind(new URL(order.hub).protocol.slice(0, -1));
  const hub = await kind.open(kind.parseUrl(order.hub, {}), { applicationName: 'relay' });
  if (!source.capture || !hub.topicSink) throw new Error('nothing to relay');
  const observer = { ...silentObserver, published: () => void process.send?.('published') };
  const { triggers, changes } = source.capture(CAPTURE_DEFAULTS);
  const capture = { triggers, changes: order.dieAtPark ? dyingAtPark(changes, order.dieAtPark) : changes };
  await relayToTopics(
    { source: capture, sink: hub.topicSink, observer },
    {
      ...order,
      lane: 1,
      until: 'caught-up',
      limits: { events: order.events, bytes: DEFAULTS.claimBytes },
    },
    { stop: new AbortController().signal, overdue: () => false, progress: () => undefined },
  );
  process.send?.('ended');
  await hub.close();
  await source.close();
  process.disconnect();
}

const [given] = process.argv.slice(2);
if (given !== undefined && process.send) {
  try {
    await main(JSON.parse(given) as RelayOrder);
  } catch (error) {
    // Of two at once one loses the lane: what they wrote is what counts.
    if (!isSluiceError(error) || error.code !== 'capture.lease_lost') throw error;
    process.exit(1);
  }
}
