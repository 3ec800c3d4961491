import type { RawEvent } from './parse-events.ts';
import type { TableReader } from './table-reader.ts';

/** What a batch makes of a table without a key: which rows come, and which go, each as often as it does. */
export interface NetRows {
  readonly reader: TableReader;
  /** By rows, as lines of `text-rows`: so many of it come; below zero, go. None has zero. */
  readonly counts: Map<string, number>;
  emptied: boolean;
  /** Rows that go are expected to be there. */
  readonly isJudged: boolean;
}

function count({ counts }: NetRows, row: string, by: 1 | -1): void {
  const sum = (counts.get(row) ?? 0) + by;
  if (sum === 0) counts.delete(row);
  else counts.set(row, sum);
}

/** Sums know no order: what others do to a row within the statement that brings it may be told before that. */
export function addToRows(net: NetRows, { operation, old, new: after }: RawEvent): void {
  const { reader } = net;
  if (operation === 'T') {
    net.counts.clear();
    net.emptied = true;
    return;
  }
  if (operation === 'D' || operation === 'U') count(net, reader.key(old), -1);
  if (operation !== 'D') count(net, reader.key(after), 1);
}

/** Lines of the rows that come, or go. */
export const linesOf = ({ counts }: NetRows, sign: 1 | -1): readonly string[] =>
  [...counts].flatMap(([row, sum]) =>
    sum * sign > 0 ? Array.from<string>({ length: sum * sign }).fill(row) : [],
  );
