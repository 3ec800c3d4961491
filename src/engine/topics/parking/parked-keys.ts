import { ANY_KEY, type ParkedMark, type RetryPolicy } from '../../ports/event-parking.ts';

/** Events of one key that are set apart. */
class Waiting {
  readonly ids = new Set<string>();
  /** The lowest of them; null: to be looked for. */
  #lowest: bigint | null = null;

  get lowest(): bigint {
    if (this.#lowest === null)
      for (const id of this.ids) {
        const each = BigInt(id);
        if (this.#lowest === null || each < this.#lowest) this.#lowest = each;
      }
    return this.#lowest ?? 0n;
  }

  add(id: string): void {
    const isLower = this.ids.size === 0 || BigInt(id) < this.lowest;
    this.ids.add(id);
    if (isLower) this.#lowest = BigInt(id);
  }

  /** Many at a time: the lowest is looked for when it is asked next. */
  delete(id: string): void {
    this.ids.delete(id);
    this.#lowest = null;
  }
}

/** What is set apart of a lane, as those are told by it that must wait behind. */
export class ParkedKeys {
  readonly #tables = new Map<number, Map<string, Waiting>>();
  readonly #places = new Map<string, ParkedMark>();

  readonly #isOrdered: boolean;

  constructor(marks: readonly ParkedMark[], { ordering }: Pick<RetryPolicy, 'ordering'> = {}) {
    this.#isOrdered = ordering !== 'none';
    for (const mark of marks) this.add(mark);
  }

  get size(): number {
    return this.#places.size;
  }

  has(event: string): boolean {
    return this.#places.has(event);
  }

  add(mark: ParkedMark): void {
    const { event, table, key } = mark;
    this.#places.set(event, mark);
    if (key === '' || !this.#isOrdered) return; // nothing waits behind it
    const keys = this.#tables.get(table) ?? new Map<string, Waiting>();
    this.#tables.set(table, keys);
    const waiting = keys.get(key) ?? new Waiting();
    keys.set(key, waiting);
    waiting.add(event);
  }

  /**
   * They are on their way, in a claim that was sealed of what is set apart: it has no event whose key has an earlier one outside. So what
   * stands here before them was given up since.
   */
  release(events: readonly string[]): void {
    const marks = events.flatMap((event) => this.#places.get(event) ?? []);
    const last = new Map<string, ParkedMark>();
    for (const mark of marks) {
      this.#drop(mark.event);
      const key = `${mark.table} ${mark.key}`;
      const known = last.get(key);
      if (!known || BigInt(known.event) < BigInt(mark.event)) last.set(key, mark);
    }
    for (const mark of last.values()) this.#forgetBefore(mark);
  }

  #forgetBefore({ event, table, key }: ParkedMark): void {
    const keys = this.#tables.get(table);
    if (!keys || key === '') return;
    const before = key === ANY_KEY ? [...keys.values()] : [keys.get(key), keys.get(ANY_KEY)];
    const id = BigInt(event);
    for (const waiting of before)
      for (const each of waiting?.ids ?? []) if (BigInt(each) < id) this.#drop(each);
  }

  #drop(event: string): void {
    const mark = this.#places.get(event);
    if (!mark) return;
    this.#places.delete(event);
    const keys = this.#tables.get(mark.table);
    const waiting = keys?.get(mark.key);
    waiting?.delete(event);
    if (waiting?.ids.size === 0) keys?.delete(mark.key);
    if (keys?.size === 0) this.#tables.delete(mark.table);
  }

  /** Whether an earlier event of its key is set apart. */
  holds({ event, table, key }: ParkedMark): boolean {
    const keys = this.#tables.get(table);
    if (!keys || key === '') return false;
    const id = BigInt(event);
    const isBehind = (waiting: Waiting | undefined): boolean => waiting !== undefined && waiting.lowest < id;
    if (key === ANY_KEY) return [...keys.values()].some(isBehind);
    return isBehind(keys.get(key)) || isBehind(keys.get(ANY_KEY));
  }
}
