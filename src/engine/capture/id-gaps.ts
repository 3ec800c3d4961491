import { between, decodeRuns, encodeRuns, LAST_ID, type Runs, unite, without } from './id-runs.ts';

/** Ids that were drawn and not seen. `Transaction` is a name that a server gives to one transaction and never to another. */
export interface Gaps {
  readonly runs: Runs;
  /**
   * Transactions that were open at a moment after the gaps were found, as far as they still were later; null: nobody has asked
   * since. Whoever drew one of the ids is among them, or had ended by then.
   */
  readonly open: readonly string[] | null;
}

/**
 * Where a lane stands in the events: all up to `seen` were looked at, and are in a claim, of no table of the lane, or in a gap.
 *
 * Why nothing is lost. Ids are drawn in ascending order, each by a transaction that is open already: below one that is seen no id is
 * drawn any more, so one that is not seen below it either was drawn by a transaction that is or was open, or never will be there. It is
 * a gap, and is looked for again with every claim until it is seen, or until it is known that nobody can bring it: each transaction
 * that was open at one moment after the gap was found had ended at another moment, before a look in which the id was still not
 * there. What was committed is visible in that look, and what was rolled back never comes.
 *
 * Why the order within a key holds. A look that sees an event sees all lower ids as of the same moment or a later one, and a claim takes
 * what is seen from the lowest id on. Of two events of a key the later one was written when the transaction of the earlier one had
 * ended, so whoever sees the later one sees both, and the earlier one has the lower id.
 */
export interface Looked {
  readonly seen: bigint;
  readonly gaps: readonly Gaps[];
}

interface StoredGaps {
  readonly runs: string;
  readonly open: readonly string[] | null;
}

export const encodeLooked = ({ seen, gaps }: Looked): string =>
  JSON.stringify({
    seen: String(seen),
    gaps: gaps.map(({ runs, open }) => ({ runs: encodeRuns(runs), open })),
  });

export function decodeLooked(text: string): Looked {
  const { seen, gaps } = JSON.parse(text) as { readonly seen: string; readonly gaps: readonly StoredGaps[] };
  return { seen: BigInt(seen), gaps: gaps.map(({ runs, open }) => ({ runs: decodeRuns(runs), open })) };
}

/** Runs over all gaps. */
export const countGaps = ({ gaps }: Looked): number => gaps.reduce((sum, { runs }) => sum + runs.length, 0);

/** What a lane has not looked at, or not seen. */
export const runsAhead = ({ seen, gaps }: Looked): Runs =>
  unite(...gaps.map(({ runs }) => runs), [{ from: seen + 1n, to: LAST_ID }]);

/** Gaps, and whether what a look does still not see of them will never be. */
export interface JudgedGaps {
  readonly gaps: Gaps;
  readonly isOver: boolean;
}

/** Gaps before a look. @param open  transactions that were open at a moment after the last look and before this one */
export function judgeGaps(gaps: readonly Gaps[], open: readonly string[]): readonly JudgedGaps[] {
  const now = new Set(open);
  return gaps.map(({ runs, open: before }) => {
    const left = before === null ? open : before.filter((each) => now.has(each));
    return { gaps: { runs, open: left }, isOver: left.length === 0 };
  });
}

/** Those of the same transactions are one. */
function merge(gaps: readonly Gaps[]): readonly Gaps[] {
  const merged = new Map<string, Gaps>();
  for (const each of gaps) {
    if (each.runs.length === 0) continue;
    const key = each.open === null ? '' : each.open.join();
    const known = merged.get(key);
    merged.set(key, known ? { ...each, runs: unite(known.runs, each.runs) } : each);
  }
  return [...merged.values()];
}

/** What a look found. */
export interface Look {
  /** Ids that were there, of all tables. */
  readonly visible: Runs;
  /** Up to here all gaps were looked at. */
  readonly upto: bigint;
  readonly seen: bigint;
  /** Ids below `seen` that the look was the first to miss. */
  readonly missing: Runs;
}

/** Where the lane stands after a look. */
export function lookedAfter(judged: readonly JudgedGaps[], { visible, upto, seen, missing }: Look): Looked {
  const old = judged.map(({ gaps, isOver }) => {
    const left = without(gaps.runs, visible);
    return { ...gaps, runs: isOver ? between(left, upto + 1n, LAST_ID) : left };
  });
  return { seen, gaps: merge([...old, { runs: missing, open: null }]) };
}
