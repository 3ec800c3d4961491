import type { RunningSlice } from './schedule.ts';

/** With a held snapshot the history may grow further: the snapshot would be lost with the run. */
const MOST_EVENTS = 40_000;
/** Of the 50 MB at which the server ends a workflow. */
const MOST_BYTES = 30_000_000;
/** So much of either is kept for what one statement still takes while nothing else begins. */
const SETTLE_FROM = 0.5;
/** Others wait so long for a statement to end; one that takes longer may take hours. */
const SETTLE_MS = 10 * 60_000;
/** One statement each, which ends when it ends. */
const UNCUT: ReadonlySet<RunningSlice['kind']> = new Set(['finish', 'link', 'verify']);

export interface History {
  readonly events: number;
  readonly bytes: number;
  /** The server or the input wants a new history. */
  readonly isDue: boolean;
  readonly snapshotInUse: boolean;
  readonly running: Iterable<RunningSlice>;
  readonly nowMs: number;
}

/** Whether this history is left behind. `settle`: what runs in one statement ends first, and nothing of the kind begins. */
export function whetherToLeave(history: History): 'stay' | 'settle' | 'leave' {
  const { events, bytes, isDue, snapshotInUse, running, nowMs } = history;
  if (events > MOST_EVENTS || bytes > MOST_BYTES) return 'leave';
  if (!isDue || snapshotInUse) return 'stay';
  // A statement over a large table would begin again in each run, and never end where it takes longer than one.
  const uncut = [...running].filter(({ kind }) => UNCUT.has(kind));
  if (uncut.length === 0) return 'leave';
  const isLong = uncut.some(({ startedAtMs }) => nowMs - startedAtMs > SETTLE_MS);
  const hasRoom = events < MOST_EVENTS * SETTLE_FROM && bytes < MOST_BYTES * SETTLE_FROM;
  return isLong && hasRoom ? 'stay' : 'settle';
}
