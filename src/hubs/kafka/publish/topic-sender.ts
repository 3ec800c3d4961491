import { SluiceError } from '../../../model/sluice-error.ts';
import { hubError, isPassing, typeOf } from '../error-codes.ts';
import type { Limits } from '../limits.ts';
import { partitionOf } from '../names.ts';
import { backOff, onAbort, pause, untilAborted } from '../../../engine/waiting.ts';
import type { Troubles } from '../../../engine/hub/troubles.ts';
import type { Broker, Cluster } from '../wire/cluster.ts';
import type { Compression } from '../wire/codecs.ts';
import { protocolError } from '../wire/driver.ts';
import { type EncodedBatch, type OutgoingRecord, RECORD_OVERHEAD_BYTES } from '../wire/records.ts';
import { PRODUCE, produceFrame, readProduced, type TopicView } from '../wire/requests.ts';
import { PartitionSender, type Pending } from './partition-sender.ts';

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5_000;
/** So long a broker may wait for its followers; then it says so and the batch is sent again. */
const STORE_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = STORE_TIMEOUT_MS + 10_000;

/** Error of a batch that the broker stored earlier than the five that it remembers whole. */
const DUPLICATE = 'DUPLICATE_SEQUENCE_NUMBER';
/** Of the first batch that is not stored: what was confirmed before it is gone. */
const BROKEN_SEQUENCE = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
]);

/** One topic as it is now, with a producer of its own; replaced when the topic is lost. */
interface Session {
  topic: TopicView;
  readonly producer: { readonly producerId: bigint; readonly epoch: number };
  readonly partitions: Map<number, PartitionSender>;
  /** Of one message with all that belongs to it. */
  readonly mostBytes: number;
}

export interface Sending {
  readonly cluster: Cluster;
  readonly limits: Limits;
  readonly troubles: Troubles;
  readonly compression: Compression;
}

/**
 * Sends into one topic until each message is stored by all replicas in sync; see Publisher.publish.
 *
 * Messages of one partition keep the order of the calls. Once the topic is lost all that was on its way rejects, and what
 * is sent from then on goes to its successor.
 */
export class TopicSender {
  readonly #deps: Sending;
  readonly #name: string;
  readonly #closing = new AbortController();
  #session: Promise<Session> | null = null;
  #current: Session | null = null;

  constructor(deps: Sending, name: string) {
    this.#deps = deps;
    this.#name = name;
  }

  /** @throws SluiceError hub.stream_lost, hub.message_too_large; the signal's reason */
  async send(record: OutgoingRecord & { readonly lane: number }, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    // All calls wait for the same promise, which keeps their order.
    const session = await untilAborted(untilAborted(this.#open(), this.#closing.signal), signal);
    this.#checkSize(record, session.mostBytes);
    await new Promise<void>((resolve, reject) => {
      const pending: Pending = {
        record,
        abandoned: false,
        resolve: () => {
          off();
          resolve();
        },
        reject: (error) => {
          off();
          reject(error);
        },
      };
      const off = onAbort(signal, (reason) => {
        pending.abandoned = true;
        reject(reason);
      });
      this.#partition(session, record).add(pending);
    });
  }

  /** What is on its way is given up: it rejects, and may be stored or not. */
  close(): void {
    const error = new SluiceError('hub.unreachable', `the publisher was closed (${this.#name})`, {
      where: this.#name,
    });
    this.#closing.abort(error);
    for (const partition of this.#current?.partitions.values() ?? []) partition.end(error);
  }

  #checkSize({ id, header, data }: OutgoingRecord, mostBytes: number): void {
    if (data.length + header.length + id.length + RECORD_OVERHEAD_BYTES <= mostBytes) return;
    throw new SluiceError(
      'hub.message_too_large',
      `the message is larger than the topic takes (${this.#name})`,
      {
        where: this.#name,
      },
    );
  }

  #partition(session: Session, { ordinal, lane }: { ordinal: number; lane: number }): PartitionSender {
    const partition = partitionOf(ordinal, lane, session.topic.partitions.length);
    const known = session.partitions.get(partition);
    if (known) return known;
    const delays = backOff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    const sender = new PartitionSender({
      producer: session.producer,
      compression: this.#deps.compression,
      attempt: async (batch) => {
        const offset = await this.#produce(session, partition, batch);
        delays.reset();
        this.#deps.troubles.clear(this.#name);
        return offset;
      },
      recover: async (error) => {
        await pause(delays.next(), this.#closing.signal);
        await this.#refresh(session, error);
      },
      fatal: (error) => this.#end(session, error),
      lost: (why) => this.#lost(why),
    });
    session.partitions.set(partition, sender);
    return sender;
  }

  /** Opened when it is needed and waited for by all; what fails is opened anew by the next call. */
  #open(): Promise<Session> {
    this.#session ??= this.#begin().catch((error: unknown) => {
      this.#session = null;
      throw error;
    });
    return this.#session;
  }

  async #begin(): Promise<Session> {
    const { cluster, limits, troubles } = this.#deps;
    const delays = backOff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    for (;;) {
      this.#closing.signal.throwIfAborted();
      try {
        const topic = await cluster.topic(this.#name);
        if (!topic) throw this.#lost('the topic is not there');
        const { driver } = await cluster.any();
        const got = await driver.initProducerId({ transactionalId: null, transactionTimeout: 60_000 });
        const producer = { producerId: BigInt(got.producerId), epoch: got.producerEpoch };
        const mostBytes = await limits.topicBytes();
        this.#current = { topic, producer, partitions: new Map(), mostBytes };
        return this.#current;
      } catch (error) {
        // Invariant 11: away, the caller waits.
        if (!isPassing(error) || cluster.closed) throw hubError(error, this.#name);
        troubles.note(this.#name, hubError(error, this.#name));
      }
      await pause(delays.next(), this.#closing.signal);
    }
  }

  async #produce({ topic }: Session, partition: number, batch: EncodedBatch): Promise<number | null> {
    const leader = topic.partitions[partition]?.leader ?? -1;
    if (leader < 0) throw Object.assign(new Error('no leader'), { type: 'LEADER_NOT_AVAILABLE' });
    const broker: Broker = await this.#deps.cluster.broker(leader);
    const apiVersion = broker.versionOf(PRODUCE.apiKey) >= PRODUCE.byId ? PRODUCE.byId : PRODUCE.byName;
    const target = { apiVersion, topic, partition, timeoutMs: STORE_TIMEOUT_MS };
    const [before, after] = produceFrame(target, batch.sizeBytes);
    const answer = await broker.sendParts({
      apiKey: PRODUCE.apiKey,
      apiName: PRODUCE.apiName,
      apiVersion,
      parts: [before, ...batch.parts, after],
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    const { errorCode, baseOffset } = readProduced(answer, apiVersion);
    if (errorCode === 0) return baseOffset;
    const error = protocolError(errorCode);
    if (typeOf(error) === DUPLICATE) return null;
    throw error;
  }

  /** After a failed attempt: is the topic still the same, and who leads it? @throws SluiceError where repeating cannot help */
  async #refresh(session: Session, failure: unknown): Promise<void> {
    const { cluster, troubles } = this.#deps;
    if (BROKEN_SEQUENCE.has(typeOf(failure) ?? '')) throw this.#lost('the topic lacks what it had confirmed');
    const failed = hubError(failure, this.#name);
    const isRepeated = isPassing(failed) || ['hub.full', 'hub.stream_lost'].includes(failed.code);
    if (!isRepeated || cluster.closed) throw failed;
    try {
      const topic = await cluster.topic(this.#name);
      if (topic?.id !== session.topic.id) throw this.#lost('the topic is not there, or another one');
      session.topic = topic;
    } catch (error) {
      if (!isPassing(error)) throw hubError(error, this.#name);
    }
    if (failed.code !== 'hub.stream_lost') troubles.note(this.#name, failed);
  }

  #end(session: Session, error: Error): void {
    if (this.#current === session) this.#session = null;
    for (const partition of session.partitions.values()) partition.end(error);
  }

  #lost(why: string): SluiceError {
    return new SluiceError('hub.stream_lost', `${why} (${this.#name})`, { where: this.#name });
  }
}
