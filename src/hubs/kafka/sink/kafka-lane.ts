import { blockPool } from '../../../engine/driver/block-pool.ts';
import type {
  ClaimIn,
  LaneToOpen,
  RefusedMessage,
  TopicLane,
  TopicMessage,
} from '../../../engine/ports/topic-sink.ts';
import { backOff, pause, untilAborted } from '../../../engine/waiting.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import { hubError, isPassing, typeOf } from '../error-codes.ts';
import type { Cluster } from '../wire/cluster.ts';
import type { Compression } from '../wire/codecs.ts';
import { protocolError } from '../wire/driver.ts';
import { frameBatch } from '../wire/records.ts';
import { type Coordinators, type ProducerIdentity } from './coordinators.ts';
import { encodeClaim, type MessageBatch, tooLarge } from './encode-claim.ts';
import {
  type BatchTarget,
  readStored,
  TRANSACTIONAL_PRODUCE,
  transactionalProduce,
} from './produce-request.ts';
import type { SinkTopics } from './sink-topics.ts';

/** A restart of a broker takes seconds; what takes longer is an error, which Temporal tries again. */
const PATIENCE_MS = 15_000;
const FIRST_DELAY_MS = 30;
const LONGEST_DELAY_MS = 1_000;
const STORE_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = STORE_TIMEOUT_MS + 10_000;

/** Somebody else has the transactional id now, or the coordinator ended a transaction that took too long. */
const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
/** Settled by a new beginning: what was sent last is in or not, and nobody knows. */
const UNSETTLED = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'CONCURRENT_TRANSACTIONS',
  'TRANSACTION_COORDINATOR_FENCED',
  'UNKNOWN_TOPIC_OR_PARTITION', // a new leader that does not know it yet; one that is gone is told by the next look
]);

/** One initialised producer. */
interface Session {
  readonly producer: ProducerIdentity;
  /** What each partition has of this producer: the number of its next message. */
  readonly sequences: Map<string, number>;
  last: ClaimIn | null;
}

/** A batch that the broker takes no part of. */
class Refused extends Error {
  readonly batch: MessageBatch;
  constructor(batch: MessageBatch) {
    super('a batch is too large');
    this.batch = batch;
  }
}

export interface LaneDeps {
  readonly cluster: Cluster;
  readonly coordinators: Coordinators;
  readonly topics: SinkTopics;
  readonly compression: Compression;
  readonly transactionalId: string;
}

/**
 * A lane as a transactional producer: each claim is a transaction, with the claim's number as an offset that it commits.
 *
 * Whatever fails on the way begins anew: initialising settles the transaction, whole or not at all, and the offset says which (it decides,
 * not the answer that was lost). Of two that write the same lane each fences the other, and a claim is the same whoever writes it.
 */
export class KafkaLane implements TopicLane {
  readonly #deps: LaneDeps;
  readonly #lane: LaneToOpen;
  #session: Session;
  #isOver = false;

  private constructor(deps: LaneDeps, lane: LaneToOpen, session: Session) {
    this.#deps = deps;
    this.#lane = lane;
    this.#session = session;
    this.last = session.last;
  }

  readonly last: ClaimIn | null;

  static async open(deps: LaneDeps, lane: LaneToOpen, signal: AbortSignal): Promise<KafkaLane> {
    const session = await patient(deps.transactionalId, signal, () => begin(deps, lane, signal));
    return new KafkaLane(deps, lane, session);
  }

  write(
    claim: number,
    messages: readonly TopicMessage[],
    signal: AbortSignal,
  ): Promise<readonly RefusedMessage[]> {
    return patient(this.#deps.transactionalId, signal, async () => {
      if (this.#isOver) this.#session = await begin(this.#deps, this.#lane, signal);
      this.#isOver = false;
      if ((this.#session.last?.claim ?? 0) >= claim) return [];
      try {
        return await this.#commit(claim, messages, signal);
      } catch (error) {
        return await this.#giveUp(error);
      }
    });
  }

  /**
   * Nobody has asked to commit the transaction, so it is never committed: it is aborted now, or by the next beginning.
   * @returns the message whose size it was, where it was alone
   */
  async #giveUp(failure: unknown): Promise<readonly RefusedMessage[]> {
    this.#isOver = true;
    if (!(failure instanceof Refused)) throw failure;
    const { batch } = failure;
    const never = new AbortController().signal;
    await this.#deps.coordinators.end(this.#session.producer, 'abort', never).catch(() => undefined);
    if (batch.records === 1) return [{ message: batch.first, error: tooLarge(batch.first, null) }];
    this.#deps.topics.refused(batch.topic, batch.body.sizeBytes);
    throw failure;
  }

  async #commit(
    claim: number,
    messages: readonly TopicMessage[],
    signal: AbortSignal,
  ): Promise<readonly RefusedMessage[]> {
    const { topics, coordinators, compression } = this.#deps;
    const { producer } = this.#session;
    const { batches, refused } = await encodeClaim(topics, { claim, messages, compression });
    if (refused.length > 0) {
      topics.reset(); // whoever raises a limit is seen by the next try
      return refused; // before anything is added to the transaction
    }
    const home = this.#lane.topics[0]?.topic ?? batches[0]?.topic;
    if (home === undefined) return []; // nothing, nowhere: an empty claim is empty whoever reads it again
    await coordinators.add(producer, batches, signal);
    const { incarnation } = this.#lane;
    const offset = { topic: home, partition: 0, offset: claim, metadata: incarnation };
    const sent = await Promise.allSettled([
      this.#produce(batches),
      coordinators.commitOffset(producer, offset, signal),
    ]);
    for (const one of sent) if (one.status === 'rejected') throw one.reason;
    await coordinators.end(producer, 'commit', signal);
    for (const { memory } of batches) blockPool.give(memory);
    this.#session.last = { claim, incarnation };
    return [];
  }

  /** All brokers at once; to each request after request, without waiting for answers. */
  async #produce(batches: readonly MessageBatch[]): Promise<void> {
    const sent = await Promise.allSettled(requestsOf(batches).map((request) => this.#send(request)));
    for (const one of sent) if (one.status === 'rejected') throw one.reason;
  }

  async #send(batches: readonly MessageBatch[]): Promise<void> {
    const { cluster, transactionalId } = this.#deps;
    const { producer, sequences } = this.#session;
    const targets: BatchTarget[] = batches.map(({ topic, partition, records, body }) => {
      const place = `${topic}/${partition}`;
      const sequence = sequences.get(place) ?? 0;
      sequences.set(place, (sequence + records) % 2 ** 31);
      const whose = { producerId: BigInt(producer.producerId), epoch: producer.producerEpoch, sequence };
      return { topic, partition, batch: frameBatch(body, { ...whose, records, transactional: true }) };
    });
    const leader = batches[0]?.leader ?? -1;
    if (leader < 0) throw Object.assign(new Error('no leader'), { type: 'LEADER_NOT_AVAILABLE' });
    const broker = await cluster.broker(leader);
    const answer = await broker.sendParts({
      ...TRANSACTIONAL_PRODUCE,
      parts: transactionalProduce(transactionalId, targets, STORE_TIMEOUT_MS),
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    for (const { topic, partition, errorCode } of readStored(answer)) {
      if (errorCode === 0) continue;
      const error = protocolError(errorCode);
      const batch = batches.find((each) => each.topic === topic && each.partition === partition);
      const isSize = hubError(error, topic).code === 'hub.message_too_large';
      throw isSize && batch ? new Refused(batch) : error;
    }
  }

  async close(): Promise<void> {
    this.#isOver = true;
  }
}

/** Looks at everything anew. */
async function begin(
  { coordinators, topics }: LaneDeps,
  lane: LaneToOpen,
  signal: AbortSignal,
): Promise<Session> {
  topics.reset();
  await topics.check(lane.topics);
  const producer = await coordinators.initialize(signal);
  const offsets = await coordinators.offsets(signal);
  const [highest] = offsets.toSorted((a, b) => b.offset - a.offset);
  const last = highest ? { claim: highest.offset, incarnation: highest.metadata } : null;
  return { producer, sequences: new Map(), last };
}

/** One batch of each partition a request, and one request after the other for a leader. */
function requestsOf(batches: readonly MessageBatch[]): readonly (readonly MessageBatch[])[] {
  const requests: MessageBatch[][] = [];
  const turns = new Map<string, number>();
  const byTurn = new Map<string, MessageBatch[]>();
  for (const batch of batches) {
    const place = `${batch.topic}/${batch.partition}`;
    const turn = turns.get(place) ?? 0;
    turns.set(place, turn + 1);
    const request = byTurn.get(`${batch.leader}/${turn}`);
    if (request) request.push(batch);
    else {
      const first = [batch];
      byTurn.set(`${batch.leader}/${turn}`, first);
      requests.push(first);
    }
  }
  return requests;
}

/** Repeats what passes, for a while. @throws SluiceError capture.lease_lost where somebody else has the lane */
async function patient<T>(where: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await untilAborted(work(), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused) continue; // cut smaller
      const type = typeOf(error) ?? '';
      if (FENCED.has(type))
        throw new SluiceError('capture.lease_lost', `another process writes the topics of ${where} now`, {
          where,
          vendorCode: type,
          cause: error,
        });
      const passes = !isSluiceError(error) && (UNSETTLED.has(type) || isPassing(error));
      if (!passes || Date.now() - began > PATIENCE_MS) throw hubError(error, where);
    }
    await pause(delays.next(), signal);
  }
}
