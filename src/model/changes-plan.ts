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
}

/** Beside the plan that the ledger has of CHANGES: what its batches mean. */
export interface ChangesPlan {
  readonly tables: readonly ChangedTable[];
}
