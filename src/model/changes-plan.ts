import type { LogicalType } from './logical-type.ts';
import type { TablePlan } from './table-plan.ts';

/**
 * The table id under which a run's ledger has the lanes of its changes. No table of a database has it: it is neither a plain
 * word nor quoted (tableId).
 */
export const CHANGES = '(changes)';

/** One captured table as its changes are applied: a plan in `text-rows` with write mode upsert, of the recorded columns that the transfer takes. */
export interface ChangedTable {
  /** Its number in the capture: the second cell of its events. */
  readonly number: number;
  readonly plan: TablePlan;
  /** Ids of tables of the transfer that its foreign keys refer to, itself left out. */
  readonly parents: readonly string[];
  /**
   * By places of `plan.columns`: the logical types by which payloads are made, those of the source's TypeMap.reading. Absent: the
   * plan's own. Others are the plan's of columns that are copied as texts, or to the same product.
   */
  readonly captured?: readonly LogicalType[];
}

/** Beside the plan that the ledger has of CHANGES: what its batches mean. Events of other tables are passed over. */
export interface ChangesPlan {
  readonly tables: readonly ChangedTable[];
}
