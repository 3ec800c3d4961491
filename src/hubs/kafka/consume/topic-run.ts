import type { Delivery, Handled } from '../../../engine/ports/hub.ts';
import { backOff, pause, within } from '../../../engine/waiting.ts';
import type { SluiceError } from '../../../model/sluice-error.ts';
import type { Cluster } from '../wire/cluster.ts';
import type { TopicView } from '../wire/requests.ts';
import type { Assignment } from './assignment.ts';
import { coordinatorOf, readCommitted } from './committed.ts';
import { GroupMember } from './group.ts';
import { Partition } from './partition.ts';
import { type Read, Reading } from './reading.ts';
import type { Window } from './window.ts';

const COMMIT_MS = 100;
const COMMIT_TIMEOUT_MS = 2_000;
/** A topic of which nothing is read meanwhile is looked for so often. */
const CHECK_MS = 1_500;
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;
const EARLIEST = '-2';
const LATEST = '-1';

export type Handle = (delivery: Delivery) => Promise<Handled>;

export interface TopicRunOptions {
  readonly cluster: Cluster;
  readonly topic: TopicView;
  readonly sessionTimeoutMs: number;
  readonly window: Window;
  readonly handle: Handle;
  /** Everything that runs, this topic's and those of topics that were lost. */
  readonly handling: Set<Promise<void>>;
  /** Told of messages that nobody can read. */
  readonly damaged: (errors: readonly SluiceError[]) => void;
}

/** One run of a consumer on one topic, from joining its group to leaving it or the loss of the topic. */
export class TopicRun {
  readonly #options: TopicRunOptions;
  readonly #partitions = new Map<number, Partition>();
  readonly #group: GroupMember;
  readonly #reading: Reading;
  /** Aborted when nothing new is to be begun. */
  readonly #ending = new AbortController();
  /** Aborted when the membership ends as well. */
  readonly #leaving = new AbortController();
  #topic: TopicView;
  #owned = new Set<number>();
  #quota = 0;
  #committing: Promise<void> = Promise.resolve();
  #commitTimer: NodeJS.Timeout | null = null;
  #checkedAt = Date.now();
  #isLost = false;
  #failure: SluiceError | null = null;

  constructor(options: TopicRunOptions) {
    this.#options = options;
    this.#topic = options.topic;
    const { cluster, topic, sessionTimeoutMs, window } = options;
    this.#group = new GroupMember({
      cluster,
      topic,
      sessionTimeoutMs,
      owned: () => [...this.#owned],
      assigned: (assignment) => this.#assigned(assignment),
      expelled: () => this.#assigned({ owned: [], quota: 0 }),
      check: () => this.#check(),
    });
    this.#reading = new Reading(
      {
        cluster,
        topic: () => this.#topic,
        window,
        partitions: this.#partitions,
        arrived: () => this.dispatch(),
        refresh: () => this.#refresh(),
        outOfRange: (partition) => this.#outOfRange(partition),
        // Invariant 3: dropped, for the record supplies them again.
        damaged: (errors) => options.damaged(errors),
        failed: (error) => this.#fail(error),
      },
      this.#ending.signal,
    );
  }

  /** Resolves with true when the topic is lost, with false after `stop`. @throws SluiceError hub.authentication_failed, config.invalid */
  async run(): Promise<boolean> {
    try {
      await this.#group.run(this.#leaving.signal);
    } finally {
      this.#ending.abort();
      this.#leaving.abort();
      this.#reading.end();
      if (this.#isLost) void this.#group.leave();
      if (this.#commitTimer) clearTimeout(this.#commitTimer);
    }
    if (this.#failure) throw this.#failure;
    return this.#isLost;
  }

  #fail(error: SluiceError): void {
    this.#failure ??= error;
    this.#ending.abort();
    this.#leaving.abort();
    this.#group.rejoin(); // ends its wait
  }

  /** Begins nothing new, waits for what is handled, commits it and leaves. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#reading.end();
    while (this.#options.handling.size > 0) await Promise.all(this.#options.handling);
    if (!this.#isLost) {
      await this.flush();
      await this.#group.leave();
    }
    this.#leaving.abort();
    this.#group.rejoin(); // ends its wait
  }

  /** Commits what is known now. */
  async flush(): Promise<void> {
    if (this.#commitTimer) clearTimeout(this.#commitTimer);
    this.#commitTimer = null;
    this.#committing = this.#committing.then(() => this.#commit());
    await within(this.#committing, COMMIT_TIMEOUT_MS, undefined);
  }

  /** Begins what is queued as far as the window allows. */
  dispatch(): void {
    const { queue } = this.#reading;
    while (!this.#ending.signal.aborted && queue[0]) {
      if (!this.#options.window.fits(queue[0].record.data.length)) break;
      const read = this.#reading.shift();
      if (read) this.#begin(read);
    }
    this.#giveUp();
    this.#reading.wake();
  }

  #begin(read: Read): void {
    const { partition, record } = read;
    const redelivered = partition.begin(record.offset);
    this.#commitSoon();
    const free = this.#options.window.take(record.data.length);
    const { handling } = this.#options;
    const work = this.#work(read, redelivered, free).finally(() => handling.delete(work));
    handling.add(work);
  }

  async #work({ partition, record, frame }: Read, redelivered: boolean, free: () => void): Promise<void> {
    let isHeld = false;
    const hold = (): void => {
      if (isHeld) return;
      isHeld = true;
      partition.held += 1;
      free();
      this.dispatch();
    };
    const outcome = await this.#outcome({ ...record, redelivered, hold });
    if (isHeld) partition.held -= 1;
    frame?.leave(outcome === 'applied');
    // Invariant 3: `applied` and `dropped` are said after the commit, or when the record can supply the batch again.
    if (outcome === 'applied' || outcome === 'dropped') partition.acknowledge(record.offset);
    else partition.putOff(record.offset, record.data.length);
    free();
    this.#commitSoon();
    this.dispatch();
  }

  async #outcome(delivery: Delivery): Promise<Handled | 'rejected'> {
    try {
      return await this.#options.handle(delivery);
    } catch {
      return 'rejected';
    }
  }

  #assigned({ owned, quota }: Assignment): void {
    const before = this.#owned;
    this.#owned = new Set(owned);
    this.#quota = quota;
    for (const [id, partition] of this.#partitions) {
      if (this.#owned.has(id) && !partition.gone) continue;
      partition.leaving = true;
      this.#partitions.delete(id);
      this.#reading.forget(partition);
    }
    if (this.#owned.size <= quota) this.#keepAll();
    const fresh = owned.filter((id) => !before.has(id) || !this.#partitions.has(id));
    if (fresh.length > 0 && !this.#ending.signal.aborted) void this.#open(fresh);
    this.#giveUp();
  }

  /** Reads how far the partitions are and begins with them, unless they went away meanwhile. */
  async #open(ids: readonly number[]): Promise<void> {
    const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
    while (!this.#ending.signal.aborted) {
      const missing = ids.filter((id) => this.#owned.has(id) && !this.#partitions.has(id));
      if (missing.length === 0) return;
      try {
        const coordinator = await coordinatorOf(this.#options.cluster, this.#topic);
        const progress = await readCommitted(coordinator, this.#topic, missing);
        for (const id of missing) {
          if (!this.#owned.has(id) || this.#partitions.has(id)) continue;
          this.#partitions.set(id, new Partition(id, progress.get(id) ?? { floor: 0, given: 0, done: [] }));
        }
        this.dispatch();
        return;
      } catch {
        await pause(delays.next(), this.#ending.signal).catch(() => undefined);
      }
    }
  }

  /** Too many partitions: those with nothing in hand go, the others take nothing new and go when they are through. */
  #giveUp(): void {
    const surplus = this.#owned.size - this.#quota;
    if (surplus <= 0 || this.#ending.signal.aborted) return;
    const all = [...this.#partitions.values()];
    const chosen = all
      .filter(({ leaving, held }) => !leaving && held === 0)
      .sort((a, b) => a.inHand - b.inHand)
      .slice(0, Math.max(0, surplus - all.filter(({ leaving }) => leaving).length));
    for (const partition of chosen) {
      partition.leaving = true;
      this.#reading.forget(partition);
    }
    const ready = all.filter(({ leaving, gone, inHand }) => leaving && !gone && inHand === 0);
    if (ready.length > 0) void this.#handOver(ready);
  }

  /** Nobody else wants them any more. */
  #keepAll(): void {
    for (const partition of this.#partitions.values()) {
      if (!partition.leaving || partition.gone) continue;
      partition.leaving = false;
      partition.rewind();
    }
  }

  async #handOver(ready: readonly Partition[]): Promise<void> {
    for (const partition of ready) {
      partition.gone = true;
      this.#owned.delete(partition.id);
    }
    await this.#commitThese(ready).catch(() => undefined);
    for (const partition of ready) {
      if (this.#partitions.get(partition.id) === partition) this.#partitions.delete(partition.id);
    }
    this.#group.rejoin();
  }

  #commitSoon(): void {
    this.#commitTimer ??= setTimeout(() => void this.flush(), COMMIT_MS);
  }

  async #commit(): Promise<void> {
    const dirty = [...this.#partitions.values()].filter(({ dirty: isDirty, gone }) => isDirty && !gone);
    if (dirty.length === 0) return;
    const isTaken = await this.#commitThese(dirty).catch(() => false);
    if (!isTaken && !this.#leaving.signal.aborted) this.#commitSoon();
  }

  /** @returns whether it was taken */
  async #commitThese(partitions: readonly Partition[]): Promise<boolean> {
    const commits = partitions.map((partition) => {
      partition.dirty = false;
      return { partition: partition.id, progress: partition.progress };
    });
    let isTaken = false;
    try {
      isTaken = await this.#group.commit(commits);
    } finally {
      if (!isTaken) for (const partition of partitions) partition.dirty = true;
    }
    return isTaken;
  }

  async #check(): Promise<void> {
    if (Date.now() - this.#checkedAt < CHECK_MS) return;
    await this.#refresh().catch(() => undefined);
  }

  /** Is the topic still the one, and who leads its partitions? */
  async #refresh(): Promise<void> {
    this.#checkedAt = Date.now();
    const topic = await this.#options.cluster.topic(this.#topic.name);
    if (topic?.id === this.#topic.id) {
      this.#topic = topic;
      return;
    }
    this.#isLost = true;
    this.#ending.abort();
    this.#leaving.abort();
    this.#group.rejoin(); // ends its wait
  }

  async #outOfRange(partition: Partition): Promise<void> {
    const [start, end] = await Promise.all(
      [EARLIEST, LATEST].map((which) => this.#offsetOf(partition.id, which)),
    );
    if (start === undefined || end === undefined) return;
    // Beyond its end: it lost what was there, and what comes now has old numbers. Read again, the ledger drops it.
    if (partition.next > end) partition.restart(start);
    else partition.startsAt(start);
  }

  async #offsetOf(id: number, timestamp: string): Promise<number | undefined> {
    const leader = this.#topic.partitions.find((partition) => partition.id === id)?.leader ?? -1;
    const { driver } = await this.#options.cluster.broker(leader);
    const { responses } = await driver.listOffsets({
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ topic: this.#topic.name, partitions: [{ partition: id, timestamp }] }],
    });
    return Number(responses[0]?.partitions[0]?.offset);
  }
}
