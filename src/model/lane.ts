import type { Position } from './row-block.ts';

/** One lane of a run: a key range of one generation of one table. The key of a ledger row. */
export interface LaneRef {
  readonly transfer: string;
  readonly run: number;
  /** tableId of the source table. */
  readonly table: string;
  readonly generation: number;
  readonly lane: number;
}

/** One text for one lane of a run, whatever its table is called. */
export const laneKey = (ref: Omit<LaneRef, 'transfer'>): string =>
  `${ref.run} ${ref.table} ${ref.generation} ${ref.lane}`;

/** A slice of a table in position order: `after` exclusive, `upto` inclusive, null = open end. */
export interface KeyRange {
  readonly lane: number;
  readonly after: Position | null;
  readonly upto: Position | null;
}

/** A lane that somebody wants to read. */
export interface LaneToOpen extends LaneRef {
  /** What the opening shall be called; without one the ledger draws it. */
  readonly epoch?: string;
  /**
   * Opened only where it still stands at this attempt; otherwise nothing changes, and the opening that stands is given,
   * with its own epoch. So of several slices that want a lane one gets it.
   */
  readonly ifAttempt?: number;
}

/** One slice of several that share a table's lanes, or a run's: `part` from 1 to `of`. */
export interface Share {
  readonly part: number;
  readonly of: number;
}

/** What opening a lane gives its new owner: read on after `position` with batches 1, 2, … of `attempt`. */
export interface Opening {
  readonly attempt: number;
  /** Drawn by lot for this opening: where attempts are counted a second time, as in a restored target, it differs. */
  readonly epoch: string;
  /** The range as the ledger has it now, and the hash of the table's plan. */
  readonly range: KeyRange;
  readonly plan: string;
  readonly position: Position | null;
  /** Rows and bytes that the ledger holds already. */
  readonly rows: number;
  readonly bytes: number;
  readonly ended: boolean;
}

/** A ledger row as it stands. */
export interface LaneProgress {
  readonly table: string;
  readonly generation: number;
  readonly lane: number;
  readonly attempt: number;
  /** Of the opening that made the attempt; empty where nobody has opened the lane since it was planned or fenced. */
  readonly epoch: string;
  /** Batches of this attempt that are applied. */
  readonly n: number;
  readonly rows: number;
  readonly bytes: number;
  readonly ended: boolean;
  /** Of changes: what is applied, all attempts together; null: nothing, or it is a range of rows. Absent where a ledger does not tell. */
  readonly position?: Position | null;
}
