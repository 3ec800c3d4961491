import type { SluiceError } from '../../../model/sluice-error.ts';
import type { Compression } from '../wire/codecs.ts';
import {
  encodeBatch,
  type EncodedBatch,
  type OutgoingRecord,
  type ProducerSequence,
} from '../wire/records.ts';

/** Idempotence holds for the last five batches of a producer in a partition. */
const MOST_IN_FLIGHT = 5;
/** Small messages that wait share a batch up to this size; a larger one has its own, so that readers can take it alone. */
const SHARED_BATCH_BYTES = 256 * 1024;
const SHARED_BATCH_RECORDS = 500;

export interface Pending {
  readonly record: OutgoingRecord;
  /** Nobody waits for it any more. */
  abandoned: boolean;
  resolve(): void;
  reject(error: Error): void;
}

/** What was sent together, and is sent again as it was until it is stored. */
interface SentBatch {
  readonly pending: readonly Pending[];
  readonly sequence: number;
  readonly records: number;
  /** Settles after the one of the batch before it. */
  readonly encoded: Promise<EncodedBatch>;
  state: 'sent' | 'stored' | 'failed';
  offset: number;
  error: unknown;
}

export interface PartitionSenderOptions {
  /** One attempt. @returns the offset of the first record, null where the broker says that it had it already */
  readonly attempt: (batch: EncodedBatch) => Promise<number | null>;
  readonly compression: Compression;
  readonly producer: Pick<ProducerSequence, 'producerId' | 'epoch'>;
  /** Resolves when another attempt makes sense. @throws SluiceError where none does */
  readonly recover: (error: unknown) => Promise<void>;
  /** Ends the whole sender: nothing can be stored under this producer and topic any more. */
  readonly fatal: (error: SluiceError | Error) => void;
  readonly lost: (why: string) => SluiceError;
}

/**
 * Stores messages in one partition in the order of the calls, each once.
 *
 * A few batches are on their way at a time, numbered in sequence. When one fails the rest is awaited, then what is not
 * stored goes out again under the same numbers, one by one: the broker drops what it has.
 */
export class PartitionSender {
  readonly #options: PartitionSenderOptions;
  readonly #queue: Pending[] = [];
  readonly #flying: SentBatch[] = [];
  #sequence = 0;
  #highest = -1;
  #recovering = false;
  #ended = false;

  constructor(options: PartitionSenderOptions) {
    this.#options = options;
  }

  add(pending: Pending): void {
    this.#queue.push(pending);
    // Calls of one turn share a batch where they are small.
    if (this.#queue.length === 1) queueMicrotask(() => this.#pump());
  }

  /** Gives everything up. */
  end(error: Error): void {
    this.#ended = true;
    for (const { pending } of this.#flying.splice(0)) for (const one of pending) one.reject(error);
    for (const one of this.#queue.splice(0)) one.reject(error);
  }

  #pump(): void {
    while (!this.#ended && !this.#recovering && this.#flying.length < MOST_IN_FLIGHT) {
      const pending = this.#take();
      if (pending.length === 0) return;
      const batch: SentBatch = {
        pending,
        sequence: this.#sequence,
        records: pending.length,
        encoded: this.#encode(pending, this.#sequence),
        state: 'sent',
        offset: -1,
        error: null,
      };
      this.#sequence = (this.#sequence + pending.length) % 2 ** 31;
      this.#flying.push(batch);
      void this.#send(batch);
    }
  }

  /** Several are compressed at once; each is sent after the one before it. */
  #encode(pending: readonly Pending[], sequence: number): Promise<EncodedBatch> {
    const { producer, compression } = this.#options;
    const records = pending.map(({ record }) => record);
    const encoded = encodeBatch(records, { ...producer, sequence }, compression);
    encoded.catch(() => undefined); // told by whoever sends it
    return this.#flying.at(-1)?.encoded.then(() => encoded) ?? encoded;
  }

  #take(): readonly Pending[] {
    const taken: Pending[] = [];
    let bytes = 0;
    while (this.#queue[0] && taken.length < SHARED_BATCH_RECORDS) {
      const next = this.#queue[0];
      bytes += next.record.data.length + next.record.header.length;
      if (!next.abandoned && taken.length > 0 && bytes > SHARED_BATCH_BYTES) break;
      this.#queue.shift();
      if (!next.abandoned) taken.push(next);
    }
    return taken;
  }

  async #attempt(batch: SentBatch): Promise<void> {
    const offset = await this.#options.attempt(await batch.encoded);
    batch.state = 'stored';
    batch.offset = offset ?? -1;
  }

  async #send(batch: SentBatch): Promise<void> {
    try {
      await this.#attempt(batch);
    } catch (error) {
      batch.state = 'failed';
      batch.error = error;
      this.#recovering = true;
    }
    if (this.#ended) return;
    this.#settle();
    if (!this.#recovering) this.#pump();
    else if (this.#flying.every(({ state }) => state !== 'sent')) await this.#recover();
  }

  /** Resolves those in front that are stored. An offset that falls back: the partition lost its end, or is a new one. */
  #settle(): void {
    while (this.#flying[0]?.state === 'stored') {
      const batch = this.#flying.shift() as SentBatch;
      if (batch.offset >= 0 && batch.offset <= this.#highest) {
        this.#flying.unshift(batch);
        this.#options.fatal(this.#options.lost('the topic starts again below what it had confirmed'));
        return;
      }
      if (batch.offset >= 0) this.#highest = batch.offset + batch.records - 1;
      for (const one of batch.pending) one.resolve();
    }
  }

  async #recover(): Promise<void> {
    // What failed behind another failed because of it. Sent alone each says for itself what is wrong.
    for (const batch of this.#flying) batch.error = null;
    try {
      for (let failed = this.#nextFailed(); failed && !this.#ended; failed = this.#nextFailed()) {
        if (failed.error !== null) await this.#options.recover(failed.error);
        if (this.#ended) return;
        try {
          await this.#attempt(failed);
        } catch (error) {
          failed.error = error;
        }
        if (!this.#ended) this.#settle();
      }
    } catch (error) {
      if (!this.#ended) this.#options.fatal(error as Error);
      return;
    }
    this.#recovering = false;
    this.#pump();
  }

  #nextFailed(): SentBatch | undefined {
    return this.#flying.find(({ state }) => state === 'failed');
  }
}
