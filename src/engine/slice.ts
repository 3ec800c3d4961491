import type { ErrorCode } from '../model/error-codes.ts';
import type { ErrorDetails } from '../model/sluice-error.ts';

/** How a long piece of work is told to end and tells that it lives. The activity wrapper makes it. */
export interface SliceControl {
  /** Aborted: end at the next batch boundary and return what there is. No abort error ever leaves the engine. */
  readonly stop: AbortSignal;
  /** True once the slice's time budget is used up: end as for `stop`, with `budget`. */
  readonly overdue: () => boolean;
  /** Whether other work waits for this slice's place; absent: it never does. */
  readonly isAwaited?: () => Promise<boolean>;
  /** Called whenever something moved; without it for long the slice counts as stalled. The detail travels as heartbeat. */
  readonly progress: (detail?: SliceDetail) => void;
}

/** What a read slice says of its table while it runs: rows and bytes of the source, repeats not counted twice. */
export interface SliceDetail {
  readonly table: string;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

export interface ReadResult {
  /**
   * `ended`: the ledger holds every range of the table to its end. `share-ended`: what is not ended is read by the slices
   * of other parts. `limit`: the ledger holds as many rows or bytes as the transfer may read, and nothing was read.
   */
  readonly why: 'ended' | 'share-ended' | 'stopped' | 'budget' | 'limit';
  /** Rows and bytes this slice published, repeats included: a rate, not a count. */
  readonly rows: number;
  readonly bytes: number;
  /** Above 0: more went than the rate allows, and the table waits so long before it is read again. */
  readonly owedMs?: number;
}

/** An error of one table that only a person can mend. */
export interface Refusal {
  readonly table: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** What became of one lane of changes in a slice that moved it. */
export interface RelayedLane {
  readonly lane: number;
  /** Its end was wanted, and nothing is pending any more. */
  readonly ended: boolean;
  /** What this slice moved; to targets repeats included. */
  readonly events: number;
  readonly bytes: number;
  /** An error that only a person can mend: nothing more of the lane goes out before. */
  readonly refusal: Refusal | null;
}

/** Lanes of changes that one slice moved, each once. */
export interface RelayResult {
  readonly lanes: readonly RelayedLane[];
}

export interface WriteResult {
  /** `drained`: every awaited table is planned and ended; `refused`: a table must be left out first. */
  readonly why: 'drained' | 'stopped' | 'budget' | 'refused';
  readonly refusal: Refusal | null;
  readonly batches: number;
  readonly rows: number;
  /** With `drained`: the generations of the awaited tables that had ended, added up. */
  readonly generations?: number;
}
