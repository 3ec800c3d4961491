import { isSluiceError } from '../../model/sluice-error.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { ForeignKeySchema } from '../../model/table-schema.ts';
import type { Database } from '../ports/dialect.ts';
import type { TargetStructure } from '../ports/target-structure.ts';
import { withReason } from './wanted-indexes.ts';

/** A foreign key that could not be made again, as SQL with the reason. */
export interface LostKey {
  readonly table: string;
  readonly sql: string;
}

interface Dropped {
  readonly plan: TablePlan;
  readonly table: TableName;
  readonly key: ForeignKeySchema;
}

async function restoreKey(
  structure: TargetStructure,
  { plan, table, key }: Dropped,
  signal: AbortSignal,
): Promise<readonly LostKey[]> {
  const lost = (reason: string): LostKey => ({
    table: plan.id,
    sql: withReason(`ALTER TABLE ${tableId(table)} ADD CONSTRAINT "${key.name}" ${key.definition}`, reason),
  });
  try {
    const child = { ...plan, target: table };
    const { steps } = await structure.lackingForeignKeys(
      { plan: child, exists: true, foreignKeys: [key] },
      signal,
    );
    const found: LostKey[] = [];
    for (const step of steps) {
      const outcome = await structure.make(child, step, signal);
      if (outcome.done === 'refused') found.push(lost(`dropped; refused again with ${outcome.vendorCode}`));
    }
    return found;
  } catch (error) {
    if (signal.aborted || !isSluiceError(error) || error.retry === 'auto') throw error;
    return [lost(`dropped for the rows that came, and not made again: ${error.code}`)];
  }
}

/**
 * Makes the foreign keys of the target again that planning dropped, where no table's own stage did: their child or their
 * parent was skipped, or failed. Before a run is closed, for nobody does it afterwards. Idempotent.
 * @returns keys that rows, or the target, do not let stand any more
 */
export async function restoreKeys(
  { structure, ledger }: Pick<Database, 'structure' | 'ledger'>,
  run: { readonly transfer: string; readonly run: number },
  signal: AbortSignal,
): Promise<readonly LostKey[]> {
  if (!structure) return [];
  const lost: LostKey[] = [];
  const restore = async (plan: TablePlan): Promise<void> => {
    for (const dropped of plan.droppedKeys ?? [])
      lost.push(...(await restoreKey(structure, { plan, ...dropped }, signal)));
  };
  for (const { table } of await ledger.progress(run.transfer, run.run, signal)) {
    const planned = await ledger.readTable(run.transfer, run.run, table, signal);
    if (planned) await restore(planned.plan);
  }
  for (const plan of (await ledger.unplanned?.(run.transfer, run.run, signal)) ?? []) await restore(plan);
  return lost;
}
