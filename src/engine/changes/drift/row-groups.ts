import type { KeyBlock, RowGroup } from '../../ports/target-writer.ts';

export type Expected = RowGroup['expected'];

/** Lines of `text-rows`, of which each letter is a byte. */
export const blockOf = (lines: readonly string[]): KeyBlock => ({
  rows: lines.length,
  data: Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`, 'latin1'),
});

/** Lines by what is expected of their rows; nearly always all are of one group. */
export class GroupedLines {
  readonly lines: string[] = [];
  readonly #groups = new Map<Expected, string[]>();
  #last: { readonly expected: Expected; readonly group: string[] } | null = null;

  add(line: string, expected: Expected): void {
    this.lines.push(line);
    if (this.#last?.expected !== expected) this.#last = { expected, group: this.#groupOf(expected) };
    this.#last.group.push(line);
  }

  #groupOf(expected: Expected): string[] {
    const group = this.#groups.get(expected) ?? [];
    this.#groups.set(expected, group);
    return group;
  }

  /** In this order; groups without a line are left out. */
  groups(order: readonly Expected[]): readonly RowGroup[] {
    return order.flatMap((expected) => {
      const own = this.#groups.get(expected);
      return own ? [{ expected, block: blockOf(own) }] : [];
    });
  }
}

/**
 * What is expected of keys, by the first event of each. Nearly always it is the same of all, and nothing is written down for each of them.
 */
export class ExpectedOfKeys {
  readonly #rows: Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>;
  #ofAll: Expected | undefined;
  #ofEach: Map<string, Expected> | null = null;

  /** @param rows  the keys of which there was an event before */
  constructor(rows: Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>) {
    this.#rows = rows;
  }

  /** To be told before the key is among the rows. */
  first(key: string, expected: Expected): void {
    if (this.#ofAll === undefined) this.#ofAll = expected;
    if (!this.#ofEach && this.#ofAll === expected) return;
    if (this.#rows.has(key)) return;
    this.#each().set(key, expected);
  }

  /** Whatever was expected of it. */
  forget(key: string): void {
    this.#each().set(key, null);
  }

  /** From now on nothing is expected of any. */
  forgetAll(): void {
    this.#ofEach = null;
    this.#ofAll = null;
  }

  of(key: string): Expected {
    return (this.#ofEach ? this.#ofEach.get(key) : this.#ofAll) ?? null;
  }

  #each(): Map<string, Expected> {
    if (this.#ofEach) return this.#ofEach;
    const all = this.#ofAll ?? null;
    this.#ofEach = new Map(Array.from(this.#rows.keys(), (key) => [key, all]));
    return this.#ofEach;
  }
}

/** An update may free a unique value that a new row takes, never the other way round. */
export const WRITING_ORDER: readonly Expected[] = [null, 'there', 'absent'];

/** Rows that come and go within a batch are not there. */
export const REMOVING_ORDER: readonly Expected[] = ['absent', null, 'there'];
