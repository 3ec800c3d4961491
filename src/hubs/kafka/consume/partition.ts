import type { Progress } from './progress.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;

/** A message that was given back, to be read again from the topic when its time comes. */
interface Later {
  readonly dueMs: number;
  readonly sizeBytes: number;
}

/** What one worker knows of one partition while it owns it. */
export class Partition {
  readonly id: number;
  /** Where reading goes on. */
  next: number;
  /** Messages that a handler has, and those of them that wait for the rest of their batch. */
  inHand = 0;
  held = 0;
  /** Nothing new is begun: another worker is to have it. */
  leaving = false;
  /** Given up: somebody else may have it by now. */
  gone = false;
  /** There is something to commit. */
  dirty = false;
  #floor: number;
  #given: number;
  /** Given before by whoever owned the partition. */
  readonly #givenBefore: number;
  readonly #done = new Set<number>();
  readonly #later = new Map<number, Later>();
  readonly #deliveries = new Map<number, number>();
  readonly #inHand = new Set<number>();

  constructor(id: number, { floor, given, done }: Progress) {
    this.id = id;
    this.next = floor;
    this.#floor = floor;
    this.#given = given;
    this.#givenBefore = given;
    for (const { first, count } of done)
      for (let offset = first; offset < first + count; offset += 1) this.#done.add(offset);
  }

  /** Messages between the first that is not acknowledged and the last that was begun. */
  get span(): number {
    return this.next - this.#floor;
  }

  #isDone(offset: number): boolean {
    return offset < this.#floor || this.#done.has(offset);
  }

  /** Nobody has it in hand or is through with it. */
  wants(offset: number): boolean {
    return !this.#isDone(offset) && !this.#inHand.has(offset) && !this.#later.has(offset);
  }

  /** What was read and not begun was forgotten: read again from the first that may be missing. */
  rewind(): void {
    this.next = this.#floor;
  }

  /** @returns whether it was given to somebody before */
  begin(offset: number): boolean {
    const before = this.#deliveries.get(offset) ?? 0;
    this.#deliveries.set(offset, before + 1);
    this.#later.delete(offset);
    this.#inHand.add(offset);
    this.inHand += 1;
    if (offset >= this.#given) {
      this.#given = offset + 1;
      this.dirty = true;
    }
    return before > 0 || offset < this.#givenBefore;
  }

  acknowledge(offset: number): void {
    this.inHand -= 1;
    this.#inHand.delete(offset);
    this.#deliveries.delete(offset);
    this.#done.add(offset);
    while (this.#done.delete(this.#floor)) this.#floor += 1;
    this.dirty = true;
  }

  /** What lies in [from, to) and is no message of ours. */
  pass(from: number, to: number): void {
    for (let offset = from; offset < to; offset += 1) if (!this.#isDone(offset)) this.#done.add(offset);
    while (this.#done.delete(this.#floor)) this.#floor += 1;
    this.dirty = true;
  }

  /** A message that was put off and cannot be read any more. */
  giveUp(offset: number): void {
    this.#later.delete(offset);
    this.pass(offset, offset + 1);
  }

  putOff(offset: number, sizeBytes: number): void {
    this.inHand -= 1;
    this.#inHand.delete(offset);
    const tries = this.#deliveries.get(offset) ?? 1;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(tries - 1, 10), LONGEST_DELAY_MS);
    this.#later.set(offset, { dueMs: Date.now() + delayMs, sizeBytes });
  }

  /** The first message whose time has come. */
  due(now: number): { readonly offset: number; readonly sizeBytes: number } | null {
    for (const [offset, { dueMs, sizeBytes }] of this.#later) if (dueMs <= now) return { offset, sizeBytes };
    return null;
  }

  /** When the next one's time comes; null where nothing waits. */
  get nextDueMs(): number | null {
    let next: number | null = null;
    for (const { dueMs } of this.#later.values()) next = Math.min(next ?? dueMs, dueMs);
    return next;
  }

  isLater(offset: number): boolean {
    return this.#later.has(offset);
  }

  /** Records below it were deleted; what was not acknowledged of them is gone. */
  startsAt(offset: number): void {
    if (offset <= this.#floor) return;
    this.#floor = offset;
    for (const done of this.#done) if (done < offset) this.#done.delete(done);
    for (const later of this.#later.keys()) if (later < offset) this.#later.delete(later);
    while (this.#done.delete(this.#floor)) this.#floor += 1;
    this.next = Math.max(this.next, offset);
    this.dirty = true;
  }

  /** The topic ends before what was read: it lost its end, and what comes now has numbers that were used before. */
  restart(offset: number): void {
    this.#floor = offset;
    this.next = offset;
    this.#done.clear();
    this.#later.clear();
    this.dirty = true;
  }

  get progress(): Progress {
    const offsets = [...this.#done].sort((a, b) => a - b);
    const done: { first: number; count: number }[] = [];
    for (const offset of offsets) {
      const last = done.at(-1);
      if (last && last.first + last.count === offset) last.count += 1;
      else done.push({ first: offset, count: 1 });
    }
    return { floor: this.#floor, given: Math.max(this.#given, this.#floor), done };
  }
}
