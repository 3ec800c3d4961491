import type { TablePlan } from '../../model/table-plan.ts';
import type { DriftKind } from '../../model/drift.ts';
import type { KeyBlock, RowGroup } from '../ports/target-writer.ts';
import type { TableChange, WrittenRows } from './net-change.ts';

/** What is done to one table of the target within the transaction. */
export type ChangeStep =
  | { readonly kind: 'empty'; readonly plan: TablePlan }
  | {
      /** `remove-once`: of rows that are the same as one of the block, one. */
      readonly kind: 'remove' | 'remove-once';
      readonly plan: TablePlan;
      readonly block: KeyBlock;
      /** See RowGroup; absent: nobody judges. */
      readonly expected?: RowGroup['expected'];
      /** What it is where one of them is not there, and should be. */
      readonly missing?: DriftKind;
    }
  | {
      readonly kind: 'write';
      readonly plan: TablePlan;
      readonly block: KeyBlock;
      /** See WrittenRows. */
      readonly groups?: readonly RowGroup[] | undefined;
    };

/** Ids of tables that are treated otherwise than most. */
export interface StepChoice {
  /** Their rows are removed behind all writing: rows of other tables that stay may refer to them until then. */
  readonly late: ReadonlySet<string>;
  /** All rows that anything happened to are removed first, and then written anew. */
  readonly anew: ReadonlySet<string>;
}

export const NO_CHOICE: StepChoice = { late: new Set(), anew: new Set() };

const removing = ({ table: { plan, keyless }, removed, judged }: TableChange): readonly ChangeStep[] => {
  const kind = keyless ? 'remove-once' : 'remove';
  if (judged) return judged.removed.map((group) => ({ kind, plan, ...group, missing: 'delete' }));
  return removed.rows === 0 ? [] : [{ kind, plan, block: removed }];
};

/** Those that are written anew, too. */
const removingAll = ({ table: { plan }, touched, judged }: TableChange): readonly ChangeStep[] => {
  if (judged) return judged.touched().map((group) => ({ kind: 'remove', plan, ...group, missing: 'update' }));
  const block = touched();
  return block.rows === 0 ? [] : [{ kind: 'remove', plan, block }];
};

/** @param isAnew  what was there is removed: nothing is expected any more */
const writing = (rows: WrittenRows, isAnew: boolean): ChangeStep => ({
  kind: 'write',
  plan: rows.plan,
  groups: isAnew ? undefined : rows.groups,
  get block() {
    return rows.block;
  },
});

/**
 * The net effect as steps: what goes, children before parents, then what is written, parents before children.
 * @param changes  parents first
 */
export function changeSteps(
  changes: readonly TableChange[],
  { late, anew }: StepChoice,
): readonly ChangeStep[] {
  const childrenFirst = changes.toReversed();
  const idOf = ({ table }: TableChange): string => table.plan.id;
  return [
    ...childrenFirst.flatMap(({ emptied, table: { plan } }): readonly ChangeStep[] =>
      emptied ? [{ kind: 'empty', plan }] : [],
    ),
    ...childrenFirst.flatMap((change) => {
      if (anew.has(idOf(change))) return removingAll(change);
      return late.has(idOf(change)) ? [] : removing(change);
    }),
    ...changes.flatMap((change) => change.written.map((rows) => writing(rows, anew.has(idOf(change))))),
    ...childrenFirst.flatMap((change) =>
      late.has(idOf(change)) && !anew.has(idOf(change)) ? removing(change) : [],
    ),
  ];
}

/**
 * Tables of whose rows some are removed while rows of other tables, which stay, may still refer to them at the target: to remove
 * them first would be refused, or take those rows along, and what hangs on them. Without a key a row that changed is removed and written,
 * in this order, for it may have unique values.
 */
export function leftByChildren(changes: readonly TableChange[]): readonly TableChange[] {
  const left = new Set(changes.flatMap(({ updates, table }) => (updates ? table.parents : [])));
  return changes.filter(
    ({ removed, table }) => removed.rows > 0 && !table.keyless && left.has(table.plan.id),
  );
}

/** Parents before the tables that refer to them; within a cycle as they come. */
export function parentsFirst(changes: readonly TableChange[]): readonly TableChange[] {
  const byId = new Map(changes.map((change) => [change.table.plan.id, change]));
  const ordered = new Set<TableChange>();
  const visited = new Set<TableChange>();
  const visit = (change: TableChange): void => {
    if (visited.has(change)) return;
    visited.add(change);
    for (const parent of change.table.parents) {
      const known = byId.get(parent);
      if (known) visit(known);
    }
    ordered.add(change);
  };
  for (const change of changes) visit(change);
  return [...ordered];
}
