import { createBell } from '../bell.ts';
import { backOff, pause } from '../../../engine/waiting.ts';
import type { Cluster } from '../wire/cluster.ts';
import { type DecodedRecords, decodeRecords, type IncomingRecord } from '../wire/records.ts';
import { type FetchAsk, type FetchedPartition, fetchRequest, type TopicView } from '../wire/requests.ts';
import { isSluiceError, type SluiceError } from '../../../model/sluice-error.ts';
import { Frame } from './frame.ts';
import type { Partition } from './partition.ts';
import type { Window } from './window.ts';

/**
 * So much at most in one answer, but one message at least: one default block. The memory of an answer is used again when
 * all of it was applied, and by blocks that are published where it is no larger than theirs. 20 ms away from a leader it is
 * 100 MB/s of each.
 */
const MOST_FETCHED_BYTES = 2.25 * 1024 * 1024;
const MAX_WAIT_MS = 500;
/** Messages begun behind one that is not acknowledged, in one partition. */
const MOST_SPAN = 4_000;
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

const OUT_OF_RANGE = 1;

/** A message that was read and is not begun yet. */
export interface Read {
  readonly partition: Partition;
  readonly record: IncomingRecord;
  /** Null: its data are a copy. */
  readonly frame: Frame | null;
}

export interface ReadingOptions {
  readonly cluster: Cluster;
  readonly topic: () => TopicView;
  readonly window: Window;
  readonly partitions: ReadonlyMap<number, Partition>;
  readonly arrived: () => void;
  /** Asks whether the topic is still there and who leads its partitions. Ends everything when it is lost. */
  readonly refresh: () => Promise<void>;
  /** The partition has no such offset. */
  readonly outOfRange: (partition: Partition) => Promise<void>;
  /** Messages that nobody can read. They are passed over: their lanes show gaps and are read again. */
  readonly damaged: (errors: readonly SluiceError[]) => void;
  /** Nothing can be read any more. */
  readonly failed: (error: SluiceError) => void;
}

interface Plan {
  readonly asks: readonly FetchAsk[];
  readonly maxBytes: number;
  /** What the answer may take in memory. */
  readonly roomBytes: number;
  readonly maxWaitMs: number;
  /** Only the message at this place is wanted. */
  readonly again: boolean;
}

/** An answer that is being taken in; its partitions share the room. */
interface Taking {
  readonly plan: Plan;
  readonly frame: Frame | null;
  readonly room: { bytes: number };
}

/** Reads the partitions of a topic that are ours: one request at a time to each of their leaders, within the window. */
export class Reading {
  /** In the order in which they came. */
  readonly queue: Read[] = [];
  readonly #options: ReadingOptions;
  /** One a leader. */
  readonly #loops = new Map<number, ReturnType<typeof createBell>>();
  readonly #signal: AbortSignal;
  #queuedBytes = 0;
  #asked = 0;
  #askedBytes = 0;
  /** Of the last batch in the topic: less room than that is not worth asking for. */
  #batchBytes = 1;
  /** How many times as large the last batches became in memory. */
  #expansion = 1;
  #turn = 0;

  constructor(options: ReadingOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** There is room, or something else to ask for. */
  wake(): void {
    for (const { leader } of this.#options.topic().partitions) {
      if (leader < 0 || this.#loops.has(leader) || this.#signal.aborted) continue;
      const bell = createBell();
      this.#loops.set(leader, bell);
      void this.#readFrom(leader, bell);
    }
    for (const bell of this.#loops.values()) bell.ring();
  }

  /** After the signal aborted: what still comes is not looked at. */
  end(): void {
    for (const bell of this.#loops.values()) bell.ring();
    for (const { frame } of this.queue.splice(0)) frame?.leave(false);
    this.#queuedBytes = 0;
  }

  shift(): Read | undefined {
    const read = this.queue.shift();
    if (read) this.#queuedBytes -= read.record.data.length;
    return read;
  }

  /** Forgets what is queued of a partition that is not ours any more. */
  forget(partition: Partition): void {
    const kept = this.queue.filter((read) => read.partition !== partition);
    for (const read of this.queue) {
      if (read.partition !== partition) continue;
      read.frame?.leave(false);
      this.#queuedBytes -= read.record.data.length;
    }
    this.queue.splice(0, this.queue.length, ...kept);
  }

  get #isIdle(): boolean {
    return this.#options.window.isEmpty && this.queue.length === 0 && this.#asked === 0;
  }

  get #freeBytes(): number {
    return this.#options.window.freeBytes - this.#queuedBytes - this.#askedBytes;
  }

  #mine(leader: number): readonly Partition[] {
    const { partitions, topic } = this.#options;
    return topic().partitions.flatMap(({ id, leader: led }) => {
      const partition = partitions.get(id);
      return led === leader && partition && !partition.leaving ? [partition] : [];
    });
  }

  #plan(leader: number): Plan | null {
    const mine = this.#mine(leader);
    const now = Date.now();
    for (const partition of mine) {
      const due = partition.due(now);
      const isQueued = (offset: number): boolean =>
        this.queue.some((read) => read.partition === partition && read.record.offset === offset);
      if (!due || isQueued(due.offset) || (due.sizeBytes > this.#freeBytes && !this.#isIdle)) continue;
      const asks = [{ partition: partition.id, offset: due.offset }];
      const maxBytes = Math.max(1, due.sizeBytes);
      return { asks, maxBytes, roomBytes: maxBytes, maxWaitMs: 0, again: true };
    }
    const readable = mine.filter(({ span }) => span < MOST_SPAN);
    const isRoomy =
      this.#freeBytes >= this.#batchBytes * this.#expansion &&
      this.queue.length < this.#options.window.mostMessages;
    if (readable.length === 0 || !(isRoomy || this.#isIdle)) return null;
    this.#turn += 1;
    const from = this.#turn % readable.length;
    const asks = [...readable.slice(from), ...readable.slice(0, from)].map(({ id, next }) => ({
      partition: id,
      offset: next,
    }));
    const maxBytes = this.#worthAsking();
    const roomBytes = Math.ceil(maxBytes * this.#expansion);
    return { asks, maxBytes, roomBytes, maxWaitMs: MAX_WAIT_MS, again: false };
  }

  /** Whole batches: brokers cut the last one off where the bytes end, and it would be sent for nothing. */
  #worthAsking(): number {
    const room = Math.min(this.#freeBytes, MOST_FETCHED_BYTES);
    const most = Math.max(1, Math.floor(room / this.#expansion));
    return most < this.#batchBytes ? most : most - (most % this.#batchBytes);
  }

  /** Until the next message that was put off is due. */
  #restMs(leader: number): number {
    const now = Date.now();
    return this.#mine(leader).reduce(
      (least, { nextDueMs }) => Math.min(least, nextDueMs === null ? least : Math.max(5, nextDueMs - now)),
      MAX_WAIT_MS,
    );
  }

  async #readFrom(leader: number, bell: ReturnType<typeof createBell>): Promise<void> {
    const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
    while (!this.#signal.aborted) {
      const plan = this.#plan(leader);
      if (!plan) {
        await bell.wait(this.#restMs(leader));
        continue;
      }
      try {
        if (await this.#ask(leader, plan)) {
          delays.reset();
          continue;
        }
      } catch (error) {
        if (isSluiceError(error)) this.#options.failed(error);
        // Else away, or of another mind about the topic: asked again.
      }
      await this.#options.refresh().catch(() => undefined);
      await pause(delays.next(), this.#signal).catch(() => undefined);
    }
  }

  /** @returns false where a partition could not be read */
  async #ask(leader: number, plan: Plan): Promise<boolean> {
    const { cluster, topic } = this.#options;
    this.#asked += 1;
    this.#askedBytes += plan.roomBytes;
    try {
      const broker = await cluster.broker(leader);
      const fetched = await broker.send(fetchRequest({ topicId: topic().id, ...plan }));
      if (this.#signal.aborted) return true;
      if (fetched.errorCode !== 0) return false;
      const frames = fetched.partitions.find(({ records }) => records.length > 0);
      const frame = frames ? new Frame(frames.records) : null;
      const room = { bytes: plan.roomBytes };
      let isWell = true;
      for (const one of fetched.partitions) isWell = (await this.#take(one, { plan, frame, room })) && isWell;
      frame?.leave(true);
      return isWell;
    } finally {
      this.#asked -= 1;
      this.#askedBytes -= plan.roomBytes;
      this.#options.arrived();
    }
  }

  async #take(fetched: FetchedPartition, { plan, frame, room }: Taking): Promise<boolean> {
    const partitionOf = (): Partition | undefined => this.#options.partitions.get(fetched.partition);
    const partition = partitionOf();
    if (!partition || partition.leaving) return true;
    if (fetched.errorCode === OUT_OF_RANGE) {
      await this.#options.outOfRange(partition);
      return true;
    }
    if (fetched.errorCode !== 0) return false;
    // What there is no room for is asked for again.
    if (!frame || fetched.records.length === 0 || room.bytes <= 0) return true;
    const ask = plan.asks.find(({ partition: id }) => id === fetched.partition);
    if (!ask) return true;
    const asked = { from: ask.offset, end: fetched.highWatermark };
    const decoded = await decodeRecords(fetched.records, room.bytes, asked);
    // Given to another, and back, meanwhile: the answer is about another place.
    if (this.#signal.aborted || partitionOf() !== partition || partition.leaving) return true;
    if (!plan.again && ask.offset !== partition.next) return true;
    this.#batchBytes = Math.max(1, decoded.largestBatchBytes);
    this.#expansion = decoded.expansion;
    if (decoded.damaged.length > 0) this.#options.damaged(decoded.damaged);
    room.bytes -= this.#accept(partition, decoded, plan.again ? ask.offset : null, frame);
    return true;
  }

  /** `again`: only the message at this place is wanted. @returns the bytes that it now holds */
  #accept(partition: Partition, decoded: DecodedRecords, again: number | null, frame: Frame): number {
    const { records, nextOffset, damaged } = decoded;
    let bytes = 0;
    for (const record of records) {
      const isWanted =
        again === null
          ? record.offset >= partition.next && partition.wants(record.offset)
          : record.offset === again && partition.isLater(record.offset);
      if (!isWanted) continue;
      bytes += record.data.length;
      this.#push({ partition, record, frame: record.isCopy ? null : frame });
    }
    if (again === null && nextOffset !== null) this.#advance(partition, records, nextOffset);
    if (again !== null && bytes === 0 && damaged.length > 0) partition.giveUp(again);
    return bytes;
  }

  #push(read: Read): void {
    read.frame?.use();
    this.#queuedBytes += read.record.data.length;
    this.queue.push(read);
  }

  /** What is no message of ours is passed over, so that it holds nothing up. */
  #advance(partition: Partition, records: readonly IncomingRecord[], nextOffset: number): void {
    let at = partition.next;
    for (const { offset } of records) {
      if (offset > at) partition.pass(at, offset);
      at = Math.max(at, offset + 1);
    }
    if (nextOffset > at) partition.pass(at, nextOffset);
    partition.next = Math.max(partition.next, nextOffset);
  }
}
