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
  readonly #expected: Expected[] = [];

  add(line: string, expected: Expected): void {
    this.lines.push(line);
    this.#expected.push(expected);
  }

  /** In this order; groups without a line are left out. */
  groups(order: readonly Expected[]): readonly RowGroup[] {
    return order.flatMap((expected) => {
      const own = this.lines.filter((_, at) => this.#expected[at] === expected);
      return own.length === 0 ? [] : [{ expected, block: blockOf(own) }];
    });
  }
}

/** An update may free a unique value that a new row takes, never the other way round. */
export const WRITING_ORDER: readonly Expected[] = [null, 'there', 'absent'];

/** Rows that come and go within a batch are not there. */
export const REMOVING_ORDER: readonly Expected[] = ['absent', null, 'there'];
