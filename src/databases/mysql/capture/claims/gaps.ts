import {
  between,
  decodeRuns,
  encodeRuns,
  LAST_ID,
  type Runs,
  unite,
  without,
} from '../../../../engine/capture/id-runs.ts';

/** One transaction of the server: `id/thread/start`. */
export type TransactionName = string;

const idOf = (name: TransactionName): string => name.slice(0, name.indexOf('/'));
const startOf = (name: TransactionName): string => name.slice(name.indexOf('/'));

/** It belongs to no session (XA PREPARE), and does nothing any more but end. */
export const isDetached = (name: TransactionName): boolean => name.split('/')[1] === '0';

/** Until a transaction writes the server names it by where it lies in memory. */
const FIRST_ADDRESS = 1n << 48n;
const hasNoId = (name: TransactionName): boolean => {
  const id = BigInt(idOf(name));
  return id === 0n || id >= FIRST_ADDRESS;
};

/** Ids that were drawn and not seen. */
export interface Gaps {
  readonly runs: Runs;
  /**
   * Transactions that were open at a moment after the gaps were found, as far as they still were later; null: nobody could tell
   * since. Whoever drew one of the ids is among them, or had ended by then.
   */
  readonly open: readonly TransactionName[] | null;
  /** When they were found, in seconds. */
  readonly since: number;
}

/**
 * Where a lane stands in the events: all up to `seen` were looked at, and are in a claim, of no table of the lane, or in a gap.
 *
 * Why nothing is lost. Ids are drawn in ascending order, whatever their increment: below one that is seen no id is drawn any more,
 * so one that is not seen below it either was drawn by a transaction that had begun to write before, or never will be there. It is
 * a gap, and is looked for again with every claim until it is seen, or until it is known that nobody can bring it: each transaction
 * that was open at one moment after the gap was found had ended at another moment, before the snapshot of a look in which the id was
 * still not there. What was committed is visible in that snapshot, and what was rolled back never comes.
 *
 * Why the order within a key holds. A look is one snapshot, and a claim takes what it sees from the lowest id on. Of two events of a
 * key the later one was written when the transaction of the earlier one had ended, so whoever sees the later one sees both, and the
 * earlier one has the lower id.
 */
export interface Looked {
  readonly seen: bigint;
  readonly gaps: readonly Gaps[];
}

interface StoredGaps {
  readonly runs: string;
  readonly open: readonly string[] | null;
  readonly since: number;
}

export const encodeLooked = ({ seen, gaps }: Looked): string =>
  JSON.stringify({
    seen: String(seen),
    gaps: gaps.map((each) => ({ ...each, runs: encodeRuns(each.runs) })),
  });

export function decodeLooked(text: string): Looked {
  const { seen, gaps } = JSON.parse(text) as { readonly seen: string; readonly gaps: readonly StoredGaps[] };
  return { seen: BigInt(seen), gaps: gaps.map((each) => ({ ...each, runs: decodeRuns(each.runs) })) };
}

/** Runs over all gaps. */
export const countGaps = ({ gaps }: Looked): number => gaps.reduce((sum, { runs }) => sum + runs.length, 0);

/** What a lane has not looked at, or not seen. */
export const renderRunsAhead = ({ seen, gaps }: Looked): Runs =>
  unite(...gaps.map(({ runs }) => runs), [{ from: seen + 1n, to: LAST_ID }]);

/**
 * Of some transactions those that are still open. One that began to write has another id than before and the same start; one that
 * belongs to no session any more has the same id, and if it had none before, nobody knows which it was.
 */
function stillOpen(
  names: readonly TransactionName[],
  now: readonly TransactionName[],
): readonly TransactionName[] {
  const [ids, starts] = [new Set(now.map(idOf)), new Set(now.map(startOf))];
  const before = new Set(names.map(idOf));
  const isAnyNew = now.some((name) => isDetached(name) && !before.has(idOf(name)));
  return names.filter(
    (name) => ids.has(idOf(name)) || starts.has(startOf(name)) || (isAnyNew && hasNoId(name)),
  );
}

/** Gaps, and whether what a look does still not see of them will never be. */
export interface JudgedGaps {
  readonly gaps: Gaps;
  readonly isOver: boolean;
}

/** Gaps before a look. @param open  transactions that were open at a moment after the last look and before this one's snapshot */
export const judgeGaps = (gaps: readonly Gaps[], open: readonly TransactionName[]): readonly JudgedGaps[] =>
  gaps.map((each) => {
    const left = each.open === null ? open : stillOpen(each.open, open);
    return { gaps: { ...each, open: left }, isOver: left.length === 0 };
  });

/** Gaps of which nobody could tell who may fill them are kept apart by when they were found. */
const UNKNOWN_SECONDS = 300;

/** Those of the same transactions are one. */
function merge(gaps: readonly Gaps[]): readonly Gaps[] {
  const merged = new Map<string, Gaps>();
  for (const each of gaps) {
    if (each.runs.length === 0) continue;
    const key = each.open === null ? `since ${Math.floor(each.since / UNKNOWN_SECONDS)}` : each.open.join();
    const known = merged.get(key);
    merged.set(
      key,
      known
        ? { ...each, since: Math.max(known.since, each.since), runs: unite(known.runs, each.runs) }
        : each,
    );
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
  /** In seconds. */
  readonly at: number;
}

/** Where the lane stands after a look. */
export function lookedAfter(judged: readonly JudgedGaps[], look: Look): Looked {
  const old = judged.map(({ gaps, isOver }) => {
    const left = without(gaps.runs, look.visible);
    return { ...gaps, runs: isOver ? between(left, look.upto + 1n, LAST_ID) : left };
  });
  return { seen: look.seen, gaps: merge([...old, { runs: look.missing, open: null, since: look.at }]) };
}
