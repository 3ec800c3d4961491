/** What is counted of events: MOVEX's statistics. */
export const COUNTED = ['success', 'delayed', 'final', 'divisions', 'retries'] as const;
/**
 * `success`: moved, and confirmed. `delayed`: set apart, or waiting behind one that is. `final`: tried in vain as often as is allowed.
 * `divisions`: a claim went out without it. `retries`: tried again.
 */
export type Counted = (typeof COUNTED)[number];

/** Events of one table and operation. */
export interface EventCount {
  readonly table: string;
  readonly operation: string;
  readonly events: number;
}

/** Of one minute, transfer, table and operation; of those that are older of one hour, or one day (capture-spec.ts). */
export interface MinuteCounts extends Readonly<Record<Counted, number>> {
  /** Canonical timestamptz of its beginning. */
  readonly minute: string;
  readonly transfer: string;
  /** Id of the table at the source. */
  readonly table: string;
  readonly operation: string;
}

/** How far a transfer was behind its source. */
export interface Lag {
  /** Age of the oldest event that is not confirmed. */
  readonly seconds: number;
  readonly events: number;
}

/** The largest that was seen within a minute. */
export interface LagMinute extends Lag {
  readonly minute: string;
  readonly transfer: string;
}

/** What goes along with a confirmation. */
export interface ConfirmedCounts {
  /** Events of the claims that are confirmed with it and were not before. */
  readonly moved: readonly EventCount[];
  readonly lag: Lag | null;
}

export const MINUTE_MS = 60_000;
