import type { KeyBlock } from '../../../engine/ports/target-writer.ts';
import type { Batch } from '../../../model/batch.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../pool.ts';
import { qualified, quote, renderDeleteStaged, renderInsertStaged } from '../sql.ts';
import { copyIn } from './copy-in.ts';
import { closeStaging, openStaging } from './staging.ts';
import { targetFrom } from './target-from.ts';
import { isOnlyKey } from './write-groups.ts';

/** @returns rows that the server counted */
export async function writeRows(session: Session, plan: TablePlan, { header, data }: Batch): Promise<number> {
  const rows = { encoding: header.encoding, data };
  const converts = plan.columns.some((column) => column.load !== null);
  if (plan.writeMode !== 'upsert' && !converts) return copyIn(session, qualified(plan.target), plan, rows);
  if (plan.writeMode === 'upsert' && plan.targetKey.length === 0) {
    throw new SluiceError('target.structure_differs', 'upsert needs a key at the target', { table: plan.id });
  }
  const staging = await openStaging(session, plan.columns);
  const staged = await copyIn(session, `pg_temp.${quote(staging.name)}`, plan, rows);
  const { count } = await session.query(renderInsertStaged(plan, staging.name));
  await closeStaging(session, staging);
  // A table of key columns only: rows that are there already need no update.
  return plan.writeMode === 'upsert' && isOnlyKey(plan) ? staged : count;
}

/** @returns rows that were there */
export async function removeRows(session: Session, plan: TablePlan, { data }: KeyBlock): Promise<number> {
  const keys = plan.targetKey.flatMap((name) => plan.columns.find(({ target }) => target === name) ?? []);
  const staging = await openStaging(session, keys);
  await copyIn(session, `pg_temp.${quote(staging.name)}`, { columns: keys }, { encoding: 'text-rows', data });
  const from = await targetFrom(session, plan);
  const { count } = await session.query(renderDeleteStaged(from, keys, staging.name));
  await closeStaging(session, staging);
  return count;
}

/** Not by TRUNCATE, which takes no table that others refer to. */
export async function emptyTable(session: Session, plan: TablePlan): Promise<void> {
  await session.query(`DELETE FROM ${await targetFrom(session, plan)}`);
}
