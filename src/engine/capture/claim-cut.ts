import type { ClaimLimits } from '../ports/change-capture.ts';

/** A pending event as a claim is cut by it. */
export interface PendingEvent {
  readonly bytes: number;
  /** The same for all events of a transaction. */
  readonly transaction: string;
  /** Milliseconds; set where transactions that follow each other may have the same name. Null: the name is of one. */
  readonly at: number | null;
}

/**
 * Events of one name that are further apart are taken for two transactions, the next time where that leaves no place to cut at: within a
 * transaction statements follow each other, between two there is a commit.
 */
const APART_MS = [Number.POSITIVE_INFINITY, 1_000, 100, 10, 1];
/** Those for which no more is looked at: what is less may be a slow statement. */
const SURE = APART_MS.length - 1;

/** Looked at so many times the limits first, then so many times that. */
const FIRST_LOOK = 2;
const NEXT_LOOK = 4;

interface Bounds {
  /** How many of the events the limits allow, and how many a claim may have to be whole. */
  readonly within: number;
  readonly allowed: number;
  /** None is pending behind those that were looked at. */
  readonly isAll: boolean;
}

/** Events in their order, as numbers: there may be a million. */
class Looked {
  readonly #numbers = new Map<string, number>();
  readonly #transactions: number[] = [];
  /** NaN, which is apart from nothing, for null. */
  readonly #times: number[] = [];
  #mayBeMany = false;

  get events(): number {
    return this.#transactions.length;
  }

  add({ transaction, at }: PendingEvent): void {
    const number = this.#numbers.get(transaction) ?? this.#numbers.size;
    this.#numbers.set(transaction, number);
    this.#transactions.push(number);
    this.#times.push(at ?? Number.NaN);
    this.#mayBeMany ||= at !== null;
  }

  /** By place the last one of the events that are taken for one transaction with it. */
  #lastPlaces(apartMs: number): Int32Array {
    const last = new Int32Array(this.events);
    const behind = new Int32Array(this.#numbers.size).fill(-1);
    for (let place = this.events - 1; place >= 0; place -= 1) {
      const transaction = this.#transactions[place]!;
      const next = behind[transaction]!;
      const isApart = next >= 0 && this.#times[next]! - this.#times[place]! >= apartMs;
      last[place] = next < 0 || isApart ? place : last[next]!;
      behind[transaction] = place;
    }
    return last;
  }

  #endApart({ within, allowed, isAll }: Bounds, apartMs: number): number | null {
    const last = this.#lastPlaces(apartMs);
    // Whoever has no event among so many behind a place is taken to be over there.
    const end = isAll ? this.events : Math.min(allowed, this.events - within);
    let reach = -1;
    let best: number | null = null;
    for (let count = 1; count <= end; count += 1) {
      if (count > within && best !== null) break;
      reach = Math.max(reach, last[count - 1]!);
      if (reach === count - 1 && count <= allowed && 2 * count >= within) best = count;
    }
    return best;
  }

  /**
   * How many events a claim has that cuts no transaction: the most within the limits, if it is half of what they allow, else the fewest
   * behind. Null: there is no such place among those that were looked at.
   */
  end(bounds: Bounds, times = APART_MS.length): number | null {
    for (const apartMs of APART_MS.slice(0, this.#mayBeMany ? times : 1)) {
      const end = this.#endApart(bounds, apartMs);
      if (end !== null) return end;
    }
    return null;
  }
}

/** Finds where a claim ends, from the first pending event of its lane on, which come in the order of their ids. */
export interface ClaimCut {
  /** @returns false: enough was looked at; this event is not counted, and none behind it */
  add(event: PendingEvent): boolean;
  /** How many of the events the claim has. @param isAll  all that are pending were added */
  take(isAll: boolean): number;
}

type Limits = Pick<ClaimLimits, 'events' | 'bytes'>;

const sum = (one: Limits, other: Limits): Limits => ({
  events: one.events + other.events,
  bytes: one.bytes + other.bytes,
});

/** See ClaimLimits. Holds a few bytes of each event that is looked at: as many as `whole` allows, and as the limits do behind them. */
export function createClaimCut(limits: ClaimLimits): ClaimCut {
  const { whole } = limits;
  const most: Limits = {
    events: Math.max(limits.events, whole?.events ?? 0),
    bytes: Math.max(limits.bytes, whole?.bytes ?? 0),
  };
  const farthest = whole ? sum(most, limits) : limits;
  const looked = new Looked();
  let bytes = 0;
  let within = 0;
  let allowed = 0;
  let look = FIRST_LOOK;
  // A claim has one event at least, however large.
  const isFull = (of: Limits): boolean =>
    looked.events > 0 && (looked.events >= of.events || bytes >= of.bytes);
  const isFound = (): boolean => {
    if (!isFull({ events: look * limits.events, bytes: look * limits.bytes })) return false;
    look *= NEXT_LOOK;
    return looked.end({ within, allowed, isAll: false }, SURE) !== null;
  };
  return {
    add(event) {
      if (isFull(farthest) || (whole !== undefined && isFound())) return false;
      if (!isFull(limits)) within += 1;
      if (!isFull(most)) allowed += 1;
      looked.add(event);
      bytes += event.bytes;
      return true;
    },
    take: (isAll) => (whole === undefined ? null : looked.end({ within, allowed, isAll })) ?? within,
  };
}
