import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { TableSchema } from '../../../model/table-schema.ts';
import type { Session } from '../connections/session.ts';
import { toSluiceError, vendorCode } from '../error-codes.ts';
import { qualified } from '../sql/names.ts';
import { renderDrop, renderTruncate } from '../sql/structure-sql.ts';
import { renderHasRows } from '../sql/table-sql.ts';
import { createTable } from './create-table.ts';
import { deleteRows, refuseUnseen } from './delete-rows.ts';

/** Runs statements on the target table; a missing right is reported with its GRANT. */
export async function withGrant<T>(session: Session, plan: TablePlan, work: () => Promise<T>): Promise<T> {
  const { user, schema } = session.facts;
  const any = plan.target.schema === schema ? '' : 'ANY ';
  try {
    return await work();
  } catch (error) {
    const known = toSluiceError(error, { side: 'target', table: plan.id });
    if (known.code !== 'database.permission_denied' || known.details.suggestion !== undefined) throw known;
    const suggestion =
      known.details.vendorCode === 'ORA-01950'
        ? `ALTER USER "${user}" QUOTA UNLIMITED ON USERS;`
        : `GRANT CREATE ${any}TABLE TO "${user}"; GRANT SELECT, INSERT, UPDATE, DELETE, ALTER ON ${qualified(plan.target)} TO "${user}";`;
    throw new SluiceError(known.code, known.message, { ...known.details, suggestion });
  }
}

/** An enabled foreign key of another table, or no right to drop: rows can still be deleted. */
const REFERRED_TO = 'ORA-02266';
const NO_TRUNCATE = new Set([REFERRED_TO, 'ORA-01031', 'ORA-14714']);

/** TRUNCATE, which commits. @returns false where that is forbidden: the rows are still there */
export function clearTable(session: Session, plan: TablePlan): Promise<boolean> {
  return withGrant(session, plan, async () => {
    try {
      await session.query(renderTruncate(plan.target));
      return true;
    } catch (error) {
      const code = vendorCode(error);
      if (!NO_TRUNCATE.has(code)) throw error;
      if (code === REFERRED_TO) await refuseUnseen(session, plan);
      return false;
    }
  });
}

export const hasRows = async (session: Session, plan: TablePlan): Promise<boolean> =>
  (await session.cell(renderHasRows(plan))) === '1';

/** In the transaction that is open. */
export const clearRows = (session: Session, plan: TablePlan): Promise<void> =>
  withGrant(session, plan, () => deleteRows(session, plan));

/** No such table. */
const MISSING = 'ORA-00942';

/** Drops the table and makes it anew; foreign keys that need it are reason to refuse, never dropped with it. */
export const replaceTable = (session: Session, plan: TablePlan, source: TableSchema): Promise<void> =>
  withGrant(session, plan, async () => {
    try {
      await session.query(renderDrop(plan.target));
    } catch (error) {
      if (vendorCode(error) !== MISSING) throw error;
    }
    await createTable(session, plan, source);
  });
