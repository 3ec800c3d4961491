import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { TableSchema } from '../../../model/table-schema.ts';
import type { Session } from '../connections/session.ts';
import { toSluiceError, vendorCode } from '../error-codes.ts';
import { qualified } from '../sql/names.ts';
import { createTable } from './create-table.ts';
import { deleteRows, refuseUnseen } from './delete-rows.ts';

/** Runs statements on the target table; a missing right is reported with its GRANT. */
export async function withGrant<T>(session: Session, plan: TablePlan, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const known = toSluiceError(error, { side: 'target', table: plan.id });
    if (known.code !== 'database.permission_denied') throw known;
    throw new SluiceError(known.code, known.message, {
      ...known.details,
      suggestion: `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP ON ${qualified(plan.target)} TO ${session.facts.account};`,
    });
  }
}

/** A foreign key of another table. */
const REFERRED_TO = '1701';
/** No right to DROP, which TRUNCATE needs. */
const DENIED = '1142';

export const hasRows = async (session: Session, plan: TablePlan): Promise<boolean> =>
  (await session.cell(`SELECT EXISTS (SELECT 1 FROM ${qualified(plan.target)})`)) === '1';

/** TRUNCATE, which commits. @returns false where another table refers to this one: the rows are still there */
export function clearTable(session: Session, plan: TablePlan): Promise<boolean> {
  return withGrant(session, plan, async () => {
    try {
      await session.query(`TRUNCATE TABLE ${qualified(plan.target)}`);
      return true;
    } catch (error) {
      const code = vendorCode(error);
      if (code === DENIED && !(await hasRows(session, plan))) return true;
      if (code !== REFERRED_TO) throw error;
      await refuseUnseen(session, plan);
      return false;
    }
  });
}

/** In the transaction that is open. @param referred  see deleteRows */
export const clearRows = (session: Session, plan: TablePlan, referred: boolean): Promise<void> =>
  withGrant(session, plan, () => deleteRows(session, plan, referred));

/** Drops the table and makes it anew; foreign keys that need it are reason to refuse, never dropped with it. */
export const replaceTable = (session: Session, plan: TablePlan, source: TableSchema): Promise<void> =>
  withGrant(session, plan, async () => {
    await session.query(`DROP TABLE IF EXISTS ${qualified(plan.target)}`);
    await createTable(session, plan, source);
  });
