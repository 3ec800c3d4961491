import type { TablePlan } from '../../model/table-plan.ts';
import type { KeyBlock } from '../ports/target-writer.ts';
import type { TableChange } from './net-change.ts';

/** What is done to one table of the target within the transaction. */
export type ChangeStep =
  | { readonly kind: 'empty'; readonly plan: TablePlan }
  | {
      /** `remove-once`: of rows that are the same as one of the block, one. */
      readonly kind: 'remove' | 'remove-once' | 'write';
      readonly plan: TablePlan;
      readonly block: KeyBlock;
    };

/** Ids of tables that are treated otherwise than most. */
export interface StepChoice {
  /** Their rows are removed behind all writing: rows of other tables that stay may refer to them until then. */
  readonly late: ReadonlySet<string>;
  /** All rows that anything happened to are removed first, and then written anew. */
  readonly anew: ReadonlySet<string>;
}

export const NO_CHOICE: StepChoice = { late: new Set(), anew: new Set() };

const removing = ({ table: { plan, keyless } }: TableChange, block: KeyBlock): readonly ChangeStep[] =>
  block.rows === 0 ? [] : [{ kind: keyless ? 'remove-once' : 'remove', plan, block }];

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
      if (anew.has(idOf(change))) return removing(change, change.touched());
      return late.has(idOf(change)) ? [] : removing(change, change.removed);
    }),
    ...changes.flatMap(({ written }) =>
      written.map(({ plan, block }): ChangeStep => ({ kind: 'write', plan, block })),
    ),
    ...childrenFirst.flatMap((change) =>
      late.has(idOf(change)) && !anew.has(idOf(change)) ? removing(change, change.removed) : [],
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
