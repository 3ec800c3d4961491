import type { TableChange } from './net-change.ts';

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
