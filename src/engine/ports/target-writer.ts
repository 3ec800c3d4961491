import type { Batch } from '../../model/batch.ts';
import type { KeyRange, LaneProgress, LaneRef } from '../../model/lane.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import type { TargetDrift } from './target-drift.ts';
import type { TargetParking } from './target-parking.ts';
import type { RangeChecksum } from './source-reader.ts';

/** `fail` was decided before: no table was there, and what is there now is of an attempt before this one. */
export type StructurePolicy = 'create-missing' | 'verify' | 'replace' | 'fail';

export interface TableOutcome {
  readonly table: string;
  readonly done: 'created' | 'verified' | 'to-be-replaced';
  /** What of the source's structure was left out, with its SQL; never dropped in silence. */
  readonly leftOut: readonly string[];
}

export interface PrepareRequest {
  readonly plan: TablePlan;
  readonly source: TableSchema;
  readonly policy: StructurePolicy;
}

/** What `prepare` and, under `replace`, the clearing would do. Nothing is changed by asking. */
export interface TablePreview {
  /** In their order; those of defaults and generated columns are left out where the server does not take them. */
  readonly statements: readonly string[];
  /** See TableOutcome.leftOut. */
  readonly leftOut: readonly string[];
  /** What keeps the table from being copied, each with what mends it. */
  readonly refusals: readonly string[];
  /** How the server's own limits and settings decide what is written, and how. */
  readonly notes?: readonly string[];
}

/**
 * The one transaction that applies one batch. engine/writing/apply-batch.ts calls these in order; a database only says how each
 * step is done. After `commit`, `rollback` or any error the transaction is over and its connection is released (closed
 * after an error).
 */
export interface TargetTransaction {
  /**
   * Compare-and-set of n-1 to n with run, generation, attempt and epoch equal, and rows, bytes, position and ended with it.
   * Never creates a lane, and takes nothing behind its end. The transaction's first statement; locks the ledger row until the end.
   * @returns whether one row changed
   */
  advance(batch: Batch): Promise<boolean>;
  /** The lane as this transaction sees it; null where the ledger has no such lane. */
  readLane(lane: LaneRef): Promise<LaneProgress | null>;
  /** Writes the batch's rows as the plan's write mode says. @returns rows that the database counted */
  write(plan: TablePlan, batch: Batch): Promise<number>;
  /**
   * Writes rows by key, all groups of them as one `write` would, as far as the server can; each has rows, in `text-rows`. Absent: it is not
   * known which rows were there before, and nothing is judged by it.
   */
  writeGroups?(plan: TablePlan, groups: readonly RowGroup[]): Promise<readonly GroupWritten[]>;
  /**
   * Deletes the rows of the target whose keys (`plan.targetKey`, in its order) stand in the block, in `text-rows` of those columns'
   * canonical texts. Rows that are not there are no error. Absent: changes cannot be applied to this database yet.
   * @returns rows deleted
   */
  remove?(plan: TablePlan, keys: KeyBlock): Promise<number>;
  /**
   * For each row of the block deletes one row of the target that is the same in all columns of the plan, as verification compares them,
   * NULL being the same as NULL; the block has a row as often as it is to go. In `text-rows`. Rows that are not there are no error.
   * Absent: a table without a key cannot follow its changes at this database (`Capabilities.removesOneOfSame`).
   * @returns rows deleted
   */
  removeOnce?(plan: TablePlan, rows: KeyBlock): Promise<number>;
  /** Deletes every row of the table, by a statement that is part of the transaction. */
  empty?(plan: TablePlan): Promise<void>;
  /** Absent: this target sets nothing apart, a change that it refuses blocks its lane. */
  readonly parking?: TargetParking;
  /** Absent: what is found otherwise than changes take for granted is not counted here. */
  readonly drift?: TargetDrift;
  /** Synchronous to disk whatever the role's default. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Keys of rows, or rows, in `text-rows`. */
export interface KeyBlock {
  readonly rows: number;
  readonly data: Buffer;
}

/**
 * Rows, or keys, of which the target is expected to have each, or none, by what happened first to them since; null: nobody can tell, or
 * wants to know.
 */
export interface RowGroup {
  readonly expected: 'there' | 'absent' | null;
  readonly block: KeyBlock;
}

export interface GroupWritten {
  /** As the database counted them. */
  readonly rows: number;
  /** Those of them that were there before; of no meaning where nothing was expected. */
  readonly there: number;
}

export interface TargetWriter {
  /**
   * Makes the table what the policy says. Idempotent: a second call after a crash ends the same. Drops nothing, and
   * leaves the table as it is under `replace`: Ledger.planTable replaces it, where a late repeat cannot hurt.
   * @throws SluiceError target.table_missing, target.structure_differs, database.permission_denied (with the GRANT)
   */
  prepare(request: PrepareRequest, signal: AbortSignal): Promise<TableOutcome>;
  /** @param request.exists  whether the target has the table */
  preview?(
    request: PrepareRequest & { readonly exists: boolean },
    signal: AbortSignal,
  ): Promise<TablePreview>;
  /** True when the target table has at least one row. */
  hasRows(plan: TablePlan, signal: AbortSignal): Promise<boolean>;
  begin(signal: AbortSignal): Promise<TargetTransaction>;
  /** After the load: identity and sequences set past the highest value, statistics renewed. Idempotent. */
  finish(plan: TablePlan, signal: AbortSignal): Promise<void>;
  countRows(plan: TablePlan, signal: AbortSignal): Promise<bigint>;
  /** Range null: the whole table. A range is only given where plan.position.sameOrder. */
  checksum(plan: TablePlan, range: KeyRange | null, signal: AbortSignal): Promise<RangeChecksum>;
}
