import type { StandingForeignKey } from '../../../engine/ports/target-structure.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import { WAIT_SECONDS } from '../connections/pins.ts';
import type { Session } from '../connections/session.ts';
import { qualified } from '../sql/names.ts';
import { REFERRING, renderDelete, renderLockChild, renderRefers } from '../sql/structure-sql.ts';

const refusal = (plan: TablePlan, message: string, suggestion: string): SluiceError =>
  new SluiceError('target.constraint_violated', message, { table: plan.id, suggestion });

/**
 * Rows of other tables never go or change with those of this one: whoever refers to it, with a rule that would do that, must hold
 * no row that refers to it. No row is added to those meanwhile, for they are locked.
 * @param dropped  keys that will be gone by then
 * @throws SluiceError target.constraint_violated
 */
export async function refuseCascades(
  session: Session,
  plan: TablePlan,
  dropped: readonly StandingForeignKey[],
): Promise<void> {
  const gone = new Set(dropped.map(({ table, key }) => `${tableId(table)} ${key.name}`));
  const { schema, name } = plan.target;
  const { rows } = await session.query(REFERRING, { schema, name });
  for (const [owner, child, key, column, rule] of rows) {
    const table = { schema: owner ?? '', name: child ?? '' };
    if (rule === 'NO ACTION' || gone.has(`${tableId(table)} ${key}`)) continue;
    await session.query(renderLockChild(table, WAIT_SECONDS));
    if ((await session.cell(renderRefers(table, column ?? ''))) === '0') continue;
    throw refusal(
      plan,
      `rows of ${tableId(table)} refer to the rows that would be deleted, and would go or change with them`,
      `empty ${qualified(table)} first, or choose write.mode upsert`,
    );
  }
}

/** A foreign key is in the way of TRUNCATE, and we may not see which: what a DELETE would do is not known. */
export async function refuseUnseen(session: Session, plan: TablePlan): Promise<void> {
  const { schema, name } = plan.target;
  if ((await session.query(REFERRING, { schema, name })).rows.length > 0) return;
  throw refusal(
    plan,
    'a table that the user of the connection may not see refers to the table',
    'let the user see that table (GRANT SELECT), or choose write.mode upsert',
  );
}

/**
 * Deletes the rows of a table that is not truncated, in the transaction that is open.
 * @throws SluiceError target.constraint_violated
 */
export async function deleteRows(session: Session, plan: TablePlan): Promise<void> {
  await refuseCascades(session, plan, []);
  await session.query(renderDelete(plan.target));
}
