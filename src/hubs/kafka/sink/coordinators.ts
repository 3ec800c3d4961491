import { backOff, pause } from '../../../engine/waiting.ts';
import { typeOf } from '../error-codes.ts';
import type { Broker, Cluster } from '../wire/cluster.ts';
import type { DriverBroker } from '../wire/driver.ts';
import { offsetsRequest } from './offsets-request.ts';

/** An open transaction of a process that died holds readers up so long, unless the lane is opened before. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const PATIENCE_MS = 15_000;
const FIRST_DELAY_MS = 2;
const LONGEST_DELAY_MS = 100;

const KIND = { group: 0, transaction: 1 } as const;
type Kind = keyof typeof KIND;

/** The coordinator is about to be another one. */
const MOVED = new Set(['NOT_COORDINATOR_FOR_GROUP', 'GROUP_COORDINATOR_NOT_AVAILABLE']);
/** It works on what came before: on the markers of the last transaction as a rule. */
const BUSY = new Set(['CONCURRENT_TRANSACTIONS', 'GROUP_LOAD_IN_PROGRESS', 'UNSTABLE_OFFSET_COMMIT']);

export interface ProducerIdentity {
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string;
}

/** What the brokers that keep a transactional id and a consumer group of the same name do. Each call waits while they are busy. */
export interface Coordinators {
  /** Fences whoever had the id, and settles his transaction. */
  initialize(signal: AbortSignal): Promise<ProducerIdentity>;
  /** Partitions that messages go to, and the one that keeps the offset: both at once, for the broker takes them in turn. */
  add(producer: ProducerIdentity, partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void>;
  /** The offset is committed with the transaction, which it was added to. */
  commitOffset(
    producer: ProducerIdentity,
    offset: TopicPartition & CommittedOffset,
    signal: AbortSignal,
  ): Promise<void>;
  end(producer: ProducerIdentity, outcome: 'commit' | 'abort', signal: AbortSignal): Promise<void>;
  /** Of all partitions; of transactions that are over. */
  offsets(signal: AbortSignal): Promise<readonly CommittedOffset[]>;
  forget(signal: AbortSignal): Promise<void>;
}

function byTopic(partitions: readonly TopicPartition[]) {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }));
}

export function createCoordinators(cluster: Cluster, id: string): Coordinators {
  const known = new Map<Kind, number>();
  const find = async (kind: Kind): Promise<Broker> => {
    const node = known.get(kind);
    if (node !== undefined) return cluster.broker(node);
    const { driver } = await cluster.any();
    const { coordinator } = await driver.findGroupCoordinator({ groupId: id, coordinatorType: KIND[kind] });
    known.set(kind, coordinator.nodeId);
    return cluster.broker(coordinator.nodeId);
  };
  const ask = async <T>(
    kind: Kind,
    signal: AbortSignal,
    work: (broker: Broker) => Promise<T>,
  ): Promise<T> => {
    const began = Date.now();
    const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
    for (;;) {
      signal.throwIfAborted();
      try {
        return await work(await find(kind));
      } catch (error) {
        const type = typeOf(error) ?? '';
        if (!BUSY.has(type)) known.delete(kind); // it may be another one
        if (!(MOVED.has(type) || BUSY.has(type)) || Date.now() - began > PATIENCE_MS) throw error;
      }
      await pause(delays.next(), signal);
    }
  };
  const inTransaction = (
    signal: AbortSignal,
    work: (driver: DriverBroker) => Promise<unknown>,
  ): Promise<void> => ask('transaction', signal, async ({ driver }) => void (await work(driver)));

  return {
    initialize: (signal) =>
      ask('transaction', signal, async ({ driver }) => {
        const asked = { transactionalId: id, transactionTimeout: TRANSACTION_TIMEOUT_MS };
        const { producerId, producerEpoch } = await driver.initProducerId(asked);
        return { producerId, producerEpoch };
      }),
    add: async (producer, partitions, signal) => {
      const whose = { transactionalId: id, ...producer };
      const asked = [inTransaction(signal, (driver) => driver.addOffsetsToTxn({ ...whose, groupId: id }))];
      if (partitions.length > 0) {
        const topics = byTopic(partitions);
        asked.push(inTransaction(signal, (driver) => driver.addPartitionsToTxn({ ...whose, topics })));
      }
      for (const one of await Promise.allSettled(asked)) if (one.status === 'rejected') throw one.reason;
    },
    commitOffset: async (producer, { topic, partition, offset, metadata }, signal) => {
      const topics = [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }];
      const commit = { transactionalId: id, groupId: id, ...producer, topics };
      await ask('group', signal, ({ driver }) => driver.txnOffsetCommit(commit));
    },
    end: (producer, outcome, signal) =>
      inTransaction(signal, (driver) =>
        driver.endTxn({ transactionalId: id, ...producer, transactionResult: outcome === 'commit' }),
      ),
    offsets: (signal) => ask('group', signal, (broker) => broker.send(offsetsRequest(id))),
    forget: (signal) =>
      ask('group', signal, async ({ driver }) => {
        await driver.deleteGroups([id]).catch((error: unknown) => {
          if (typeOf(error) !== 'GROUP_ID_NOT_FOUND') throw error;
        });
      }),
  };
}
