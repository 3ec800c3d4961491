/**
 * `waiting`: tried again at `retryAt`. `behind`: waits for an earlier event of the same key. `final`: tried in vain as often as is
 * allowed; waits for a person.
 */
export const PARKED_STATES = ['waiting', 'behind', 'final'] as const;
export type ParkedState = (typeof PARKED_STATES)[number];

/** Events that are set apart, by their states; states without any are left out. */
export type ParkedCounts = Readonly<Partial<Record<ParkedState, number>>>;

export const parkedEvents = (counts: ParkedCounts = {}): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** An event that could not be brought to where it goes, and those of its key behind it: set apart, so that its lane goes on. */
export interface ParkedEvent {
  readonly transfer: string;
  readonly lane: number;
  /** The claim that it came with. */
  readonly claim: number;
  /** Digits; grows within a key. */
  readonly event: string;
  /** Id of its table at the source. */
  readonly table: string;
  readonly operation: string;
  /** What keeps the order of its events: the primary key as canonical JSON text; '' where the table has none. */
  readonly key: string;
  readonly state: ParkedState;
  /** How often it was tried. */
  readonly attempts: number;
  /** Canonical timestamptz. */
  readonly parkedAt: string;
  /** Null unless `waiting`. */
  readonly retryAt: string | null;
  /** Why it was refused last; of those behind: of the one that they wait for, or empty. Never a row's values. */
  readonly code: string;
  readonly message: string;
}

/** With what it says of the row, for a person who asks for this one: recorded columns as JSON text. */
export interface ParkedPayload extends ParkedEvent {
  readonly old: string | null;
  readonly new: string | null;
}

/** Defaults are here and nowhere else: design.md section 7. */
export const QUARANTINE_DEFAULTS = {
  /** The first retry; each further one waits three times as long. */
  retryAfter: '20s',
  tries: 5,
  /** What is final so long is discarded. */
  holdFor: '240h',
} as const;

/** How long to wait before the next attempt. @param attempts  how often it was tried so far, at least once */
export const retryDelayMs = (attempts: number, firstMs: number): number => firstMs * 3 ** (attempts - 1);
