import type { LogicalType } from './logical-type.ts';
import type { TablePlan } from './table-plan.ts';

/**
 * The table id under which a run's ledger has the first lane of its changes; the others are called as in changesId. No table of a
 * database has such an id: it is neither a plain word nor quoted (tableId).
 */
export const CHANGES = '(changes)';

/** Each lane is a table of the run, so that one that waits for a person holds up no other: `(changes)`, `(changes 2)`, … */
export const changesId = (lane: number): string => (lane === 1 ? CHANGES : `(changes ${lane})`);

/** The lane that has this table id; null: it is a table of a database. */
export function laneOfChanges(id: string): number | null {
  if (id === CHANGES) return 1;
  const [, lane] = /^\(changes ([1-9][0-9]*)\)$/.exec(id) ?? [];
  return lane === undefined ? null : Number(lane);
}

/** One captured table as its changes are applied: a plan in `text-rows`, with write mode upsert where it has a key, of the recorded columns that the transfer takes. */
export interface ChangedTable {
  /** Its number in the capture: the second cell of its events. */
  readonly number: number;
  readonly plan: TablePlan;
  /**
   * Neither side has a key of it: its rows are told apart by all that is recorded of them, and equal ones are counted. The plan has write mode
   * `append` and no `targetKey`.
   */
  readonly keyless?: true;
  /** Ids of tables of the transfer that its foreign keys refer to, itself left out. */
  readonly parents: readonly string[];
  /**
   * By places of `plan.columns`: the logical types by which payloads are made, those of the source's TypeMap.reading. Absent: the
   * plan's own. Others are the plan's of columns that are copied as texts, or to the same product.
   */
  readonly captured?: readonly LogicalType[];
}

/** Beside the plan that the ledger has of a lane of changes: what its batches mean. Events of other tables are passed over. */
export interface ChangesPlan {
  readonly tables: readonly ChangedTable[];
}
