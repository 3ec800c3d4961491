import type { KeyRange } from '../../../model/lane.ts';

/** How far the changes were applied, read before the rows of a look are. Times are canonical timestamptz of the source's clock. */
export interface Moment {
  /** Milliseconds of whoever looks. */
  readonly atMs: number;
  /** Absent: the source does not say. */
  readonly readAt?: string;
  /** Nothing is recorded that the target does not have. */
  readonly isQuiet: boolean;
  /** Of the oldest change that the target does not have. */
  readonly oldestAt: string | null;
}

/** Digests of a row on both sides; null: it is not there. */
export interface Seen {
  readonly source: string | null;
  readonly target: string | null;
}

/**
 * What became of a row that differed. `moving`: it changed on both sides from look to look, as one that is followed. `waiting`: the
 * delay passed, and changes that may be its own are still to be applied. `parked`: its changes are set apart.
 */
export type Fate = Difference | 'parked' | 'waiting' | 'moving';

type Difference = 'missing' | 'extra' | 'different';

export interface Settled {
  readonly key: readonly string[];
  /** Where it was found. */
  readonly range: KeyRange | null;
  readonly fate: Fate;
}

export interface SuspectLimits {
  /** So many rows are watched, or found to differ, at once. */
  readonly most: number;
  readonly delayMs: number;
}

interface Suspect {
  readonly key: readonly string[];
  readonly range: KeyRange | null;
  readonly firstMs: number;
  seen: Seen | null;
  /** Looks at which it was as it is. */
  looks: number;
  /** Times that both sides were others than at the look before. */
  moves: number;
  /** What is recorded by then is all that can have made it what it is at the source; null: not known yet. */
  mark: string | null;
  /** All that was pending when it was seen so is applied. */
  isProven: boolean;
  /** Nothing of it is set apart, as was asked after it was proven. */
  isCleared: boolean;
}

/** The look at which the mark is set: two behind the first one, for the time of a change may be a moment behind its place. */
const MARKED_AT = 3;
/** A row that goes to and fro may be caught in the same two states several times; not that often. */
const LEAST_LOOKS = 6;
const ENOUGH_MOVES = 4;

export const nameOf = (key: readonly string[]): string => JSON.stringify(key);

const fresh = ({ key, range }: Pick<Suspect, 'key' | 'range'>, firstMs: number): Suspect => ({
  key,
  range,
  firstMs,
  seen: null,
  looks: 0,
  moves: 0,
  mark: null,
  isProven: false,
  isCleared: false,
});

const hasPassed = (mark: string, { isQuiet, oldestAt }: Moment): boolean =>
  isQuiet || (oldestAt !== null && oldestAt > mark);

const kindOf = ({ source, target }: Seen): Difference =>
  source === null ? 'extra' : target === null ? 'missing' : 'different';

/** Takes in what a look found of a row that still differs. */
function follow(suspect: Suspect, seen: Seen, moment: Moment): void {
  const { seen: before } = suspect;
  if (before?.source !== seen.source || before.target !== seen.target) {
    const isMove = before !== null && before.source !== seen.source && before.target !== seen.target;
    Object.assign(suspect, { seen, looks: 1, mark: null, isProven: false, isCleared: false });
    if (isMove) suspect.moves += 1;
    return;
  }
  suspect.looks += 1;
  // Of a source without a clock only that nothing is pending says anything.
  if (suspect.looks === MARKED_AT) suspect.mark = moment.readAt ?? '\uFFFF';
  suspect.isProven ||= suspect.mark !== null && hasPassed(suspect.mark, moment);
}

/** What is said of it now; null: it is looked at again. */
function fateOf(suspect: Suspect, { atMs }: Moment, delayMs: number): Fate | null {
  const { seen, moves, looks, isProven, isCleared, firstMs } = suspect;
  if (seen === null) return null;
  if (isProven && isCleared && looks >= LEAST_LOOKS) return kindOf(seen);
  if (moves >= ENOUGH_MOVES) return 'moving';
  if (atMs - firstMs < delayMs || (isProven && looks < LEAST_LOOKS)) return null;
  return isProven ? null : 'waiting';
}

/**
 * Rows that differ while changes flow, from the first look until something can be said of each: that it agrees, or that it differs and no change
 * that is on its way is the reason. No I/O: the caller looks, and asks what is set apart.
 *
 * A row that differs is a difference once it stayed the same on both sides from look to look, while all was applied that was recorded
 * when it was first seen so, nothing of it is set apart, and it stays the same at a look behind that answer. What healed in between
 * is seen to agree at that look.
 */
export function createSuspects({ most, delayMs }: SuspectLimits) {
  const open = new Map<string, Suspect>();
  const settled = new Map<string, Settled>();
  const settle = (name: string, { key, range }: Suspect, fate: Fate): void => {
    open.delete(name);
    settled.set(name, { key, range, fate });
  };
  return {
    /** @returns whether there was room; what is known already takes none */
    add(found: Pick<Suspect, 'key' | 'range'>, nowMs: number): boolean {
      const name = nameOf(found.key);
      if (open.has(name) || settled.has(name)) return true;
      if (open.size + settled.size >= most) return false;
      open.set(name, fresh(found, nowMs));
      return true;
    },
    /** Those to look at. */
    keys: (): readonly (readonly string[])[] => [...open.values()].map(({ key }) => key),
    /** A row of which nothing is given was not looked at. */
    look(moment: Moment, found: ReadonlyMap<string, Seen>): void {
      for (const [name, suspect] of open) {
        const seen = found.get(name);
        if (!seen) continue;
        if (seen.source === seen.target) {
          open.delete(name);
          continue;
        }
        follow(suspect, seen, moment);
        const fate = fateOf(suspect, moment, delayMs);
        if (fate !== null) settle(name, suspect, fate);
      }
    },
    /** Those that would be differences, unless something of them is set apart. */
    asked: (): readonly (readonly string[])[] =>
      [...open.values()].filter(({ isProven, isCleared }) => isProven && !isCleared).map(({ key }) => key),
    answer(key: readonly string[], isParked: boolean): void {
      const name = nameOf(key);
      const suspect = open.get(name);
      if (!suspect) return;
      if (isParked) settle(name, suspect, 'parked');
      else suspect.isCleared = true;
    },
    /** It was found to agree after all, in another way. */
    clear: (key: readonly string[]): void => void settled.delete(nameOf(key)),
    settled: (): readonly Settled[] => [...settled.values()],
  };
}
export type Suspects = ReturnType<typeof createSuspects>;
