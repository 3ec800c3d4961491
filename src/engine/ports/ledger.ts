import type { KeyRange, LaneProgress, LaneToOpen, Opening } from '../../model/lane.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import type { StandingForeignKey } from './target-structure.ts';

export interface RunRequest {
  readonly transfer: string;
  /** The workflow's first execution id: opening is idempotent by it. */
  readonly execution: string;
  /** Hash of all that decides which rows go where: an unfinished run of the same plan is continued. */
  readonly planHash: string;
  /** The transfer's spec as JSON, without secrets. */
  readonly spec: string;
}

export interface Run {
  readonly run: number;
  /** True when the run was there before this execution. */
  readonly continued: boolean;
  readonly spec: string;
}

/** A run as an execution has it, until another one goes on with it. */
export interface OwnedRun {
  readonly transfer: string;
  readonly run: number;
  /** As in RunRequest. Absent, whoever asks is believed: workflows of older versions do not say it. */
  readonly execution?: string | undefined;
}

export interface PlannedTable {
  readonly plan: TablePlan;
  readonly generation: number;
  readonly ranges: readonly KeyRange[];
  /** Identity of the source that the ranges belong to; empty: the target was being cleared for a newer generation, and they mean nothing. */
  readonly incarnation: string;
  /** The source's change marker when the table was planned. */
  readonly changeMarker: string;
}

/** Totals of a table in the ledger; bytes and rows are what target transactions committed. */
export interface TableProgress {
  readonly table: string;
  readonly generation: number;
  readonly lanes: number;
  readonly endedLanes: number;
  readonly rows: number;
  readonly bytes: number;
}

/** The target's own record of what is applied (invariant 4). Every method is one transaction and idempotent. */
export interface Ledger {
  /** Creates schema and tables where missing. @throws SluiceError database.permission_denied with the GRANT */
  install(signal: AbortSignal): Promise<void>;
  /**
   * The run of this execution; else an unfinished run of the same transfer and planHash, which then belongs to this
   * execution and has its spec; else a new one, numbered one above all of this transfer. A new run fences the older ones in the same
   * transaction: the attempt of each of their lanes is raised and its epoch emptied, which waits for a batch being applied
   * and makes every later one of them a drop.
   */
  openRun(request: RunRequest, signal: AbortSignal): Promise<Run>;
  /** Number of the transfer's newest run, finished or not; null where there is none, or no ledger. */
  newestRun(transfer: string, signal: AbortSignal): Promise<number | null>;
  /** The spec of the run as JSON, the same for as long as one execution has it. Null: the ledger has no such run. */
  readSpec(transfer: string, run: number, signal: AbortSignal): Promise<string | null>;
  /** Marks the run finished: the next execution opens a new one. What was not ended of it is fenced as by a new run. */
  closeRun(transfer: string, run: number, signal: AbortSignal): Promise<void>;
  /**
   * Writes plan and ranges of a table's generation, insert if absent, in one transaction with the clearing (or
   * replacing) of the target table where the plan's write mode says so (truncate always; fail-if-not-empty from generation 2 on), which is
   * refused once a range of that generation has n > 0. Lanes of older generations of the table are fenced in the same
   * transaction (attempt + 1) before the clearing, and what they applied is counted behind that: a batch that was waited for may
   * have brought the first rows. Then reads back: what is returned is what stands in the ledger.
   * A generation below the ledger's is refused by returning the ledger's newer one.
   * @throws SluiceError transfer.not_running when the run is closed, not the newest, or another execution's, which is looked at
   * under a lock that openRun takes: it would clear what that one wrote, or believes to be there;
   * target.not_empty for a second generation that appends beside rows of an older one
   */
  planTable(
    run: OwnedRun,
    planned: PlannedTable,
    options: {
      /** Structure policy `replace`: the target table is dropped and made anew from it, in place of the clearing. */
      readonly replaceBy: TableSchema | null;
      /**
       * Foreign keys that are dropped before the clearing: rows come in no order that would keep them. Where dropping commits by
       * itself the ledger has them before.
       */
      readonly dropKeys?: readonly StandingForeignKey[];
    },
    signal: AbortSignal,
  ): Promise<PlannedTable>;
  /** The newest generation's plan; null before the table is planned. */
  readTable(transfer: string, run: number, table: string, signal: AbortSignal): Promise<PlannedTable | null>;
  /**
   * Plans that were not written, for planning ended before that, but for which foreign keys were dropped: their `droppedKeys`
   * say which. Absent where both commit together.
   */
  unplanned?(transfer: string, run: number, signal: AbortSignal): Promise<readonly TablePlan[]>;
  /**
   * attempt + 1, a new epoch, n = 0, rows and position kept. From its commit on batches of older attempts are dropped, and
   * those of other epochs: a restored target counts attempts a second time. A fenced lane is
   * never opened again, or batches of an older generation or run would be applied beside those of the newest: the check
   * is made under a lock that planTable and openRun take, for a statement that waited for the lane's row may still see
   * the other tables as they were before.
   * @throws SluiceError transfer.not_running for a run that is closed or not the newest; database.transient for an older
   * generation
   */
  openLane(lane: LaneToOpen, signal: AbortSignal): Promise<Opening>;
  /** Lanes of one table's newest generation, in lane order. */
  lanes(transfer: string, run: number, table: string, signal: AbortSignal): Promise<readonly LaneProgress[]>;
  /** Every planned table of the run, newest generation each. */
  progress(transfer: string, run: number, signal: AbortSignal): Promise<readonly TableProgress[]>;
  /** Deletes runs that were finished before the time, but never the newest of a transfer. @returns runs deleted */
  forget(finishedBefore: Date, signal: AbortSignal): Promise<number>;
}
