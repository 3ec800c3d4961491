import type { ChangedTable, ChangesPlan } from '../../../model/changes-plan.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { CONFLICT } from '../change-ways.ts';
import type { RawEvent } from '../parse-events.ts';
import { type ChangeTarget, hasCascades } from '../target-facts.ts';

/**
 * While changes of a table are set apart, its rows at the target are older than at the source, and may still refer to rows that are
 * deleted there: where the target takes them along, such a delete must wait, or what hangs on them would be lost.
 */
export function createCascadeGuard(target: ChangeTarget, plan: ChangesPlan, signal: AbortSignal) {
  const byId = new Map(plan.tables.map((table) => [table.plan.id, table]));
  const cascades = new Map<string, Promise<boolean>>();
  const asked = (table: ChangedTable): Promise<boolean> => {
    const { id } = table.plan;
    const known = cascades.get(id) ?? hasCascades(target, table, signal);
    cascades.set(id, known);
    return known;
  };
  return {
    /** Numbers of the tables whose rows must not go while these have something set apart. */
    async over(tables: Iterable<string>): Promise<ReadonlySet<number>> {
      const found = new Set<number>();
      for (const child of tables)
        for (const id of byId.get(child)?.parents ?? []) {
          const parent = byId.get(id);
          if (parent && (await asked(parent))) found.add(parent.number);
        }
      return found;
    },
  };
}
export type CascadeGuard = ReturnType<typeof createCascadeGuard>;

export const takesRows = (events: readonly RawEvent[], guarded: ReadonlySet<number>): boolean =>
  guarded.size > 0 &&
  events.some(({ operation, table }) => (operation === 'D' || operation === 'T') && guarded.has(table));

export const goesAlong = (): SluiceError =>
  new SluiceError(CONFLICT, 'rows that wait for changes that are set apart would go along');
