import type { Backlog, ChangeLane } from './change-capture.ts';
import type { LoadProgress } from './initial-load.ts';

/** A lane as the capture has it, and what waits in it. */
export interface StandingLane extends ChangeLane {
  /** Captured tables by their numbers. */
  readonly tables: readonly number[];
  /** Epoch of the lease: whoever took the lane last; null: nobody has yet. */
  readonly owner: string | null;
  /** Number of the last claim that was sealed, and of the last one that was confirmed. */
  readonly sealed: number;
  readonly confirmed: number;
  /**
   * When a claim of it was sealed or confirmed last, canonical timestamptz; null where none is kept that tells: housekeeping forgets
   * those that are confirmed.
   */
  readonly movedAt: string | null;
  readonly backlog: Backlog;
}

/** The staging table. */
export interface StandingEvents {
  /** All that are there, needed or not; an estimate where counting would read all of them. */
  readonly events: number;
  /** Time of the oldest of them, canonical timestamptz; null where there is none. */
  readonly oldestAt: string | null;
  /** Null where the staging table has none. `canGrow`: more are made when they are needed. */
  readonly partitions: { readonly inUse: number; readonly there: number; readonly canGrow: boolean } | null;
}

/** The transaction of the source that is open for longest, of those that our user may see. */
export interface OpenTransaction {
  /** As the database calls it, for who looks for its session. */
  readonly name: string;
  readonly openForMs: number;
  /** It has written events, or may have: its partition cannot be emptied, and ids below its own may still come. */
  readonly holdsEvents: boolean;
}

export interface StandingLoad extends LoadProgress {
  readonly transfer: string;
}

export interface CaptureFacts {
  /** Of the tables of the installation; `current` is what this program makes. */
  readonly layout: { readonly installed: number; readonly current: number };
  readonly lanes: readonly StandingLane[];
  readonly staging: StandingEvents;
  /** Of existing rows, of all transfers. */
  readonly loads: readonly StandingLoad[];
  /** Null: none is open, or our user may see none. */
  readonly longest: OpenTransaction | null;
}

/** Looks at a capture as a whole, for a person; changes nothing, and holds nobody up. */
export interface CaptureInspector {
  /** @throws SluiceError capture.not_installed */
  inspect(signal: AbortSignal): Promise<CaptureFacts>;
}
