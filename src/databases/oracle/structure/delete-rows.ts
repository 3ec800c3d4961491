import { SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { qualified, quote } from '../sql/names.ts';

/** Foreign keys of other tables that take their rows along, or empty them; those of tables that we may not see are not among them. */
export const CASCADES =
  "SELECT K.OWNER, K.TABLE_NAME, C.COLUMN_NAME FROM ALL_CONSTRAINTS K JOIN ALL_CONSTRAINTS P ON P.OWNER = K.R_OWNER AND P.CONSTRAINT_NAME = K.R_CONSTRAINT_NAME JOIN ALL_CONS_COLUMNS C ON C.OWNER = K.OWNER AND C.CONSTRAINT_NAME = K.CONSTRAINT_NAME AND C.POSITION = 1 WHERE K.CONSTRAINT_TYPE = 'R' AND K.STATUS = 'ENABLED' AND K.DELETE_RULE <> 'NO ACTION' AND P.OWNER = :schema AND P.TABLE_NAME = :name AND NOT (K.OWNER = P.OWNER AND K.TABLE_NAME = P.TABLE_NAME)";

/**
 * Deletes the rows of a table that is not truncated, in the transaction that is open. Rows of other tables never go or change
 * with them: whoever refers to the table, with a rule that would do that, must hold no row that refers to it. No row is added to
 * those meanwhile, for they are locked.
 * @throws SluiceError target.constraint_violated
 */
export async function deleteRows(session: Session, plan: TablePlan): Promise<void> {
  const { schema, name } = plan.target;
  const { rows } = await session.query(CASCADES, { schema, name });
  for (const [owner, child, column] of rows) {
    const table = { schema: owner ?? '', name: child ?? '' };
    await session.query(`LOCK TABLE ${qualified(table)} IN SHARE MODE WAIT 30`);
    const found = await session.cell(
      `SELECT CASE WHEN EXISTS (SELECT 1 FROM ${qualified(table)} WHERE ${quote(column ?? '')} IS NOT NULL) THEN '1' ELSE '0' END FROM DUAL`,
    );
    if (found === '0') continue;
    throw new SluiceError(
      'target.constraint_violated',
      `rows of ${tableId(table)} refer to the rows that would be deleted, and would go or change with them`,
      { table: plan.id, suggestion: `empty ${qualified(table)} first, or choose write.mode upsert` },
    );
  }
  await session.query(`DELETE FROM ${qualified(plan.target)}`);
}
