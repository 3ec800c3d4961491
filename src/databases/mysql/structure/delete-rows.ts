import { SluiceError } from '../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { literal, qualified, quote } from '../sql/names.ts';

/** What a DELETE of the referenced rows would do to those of another table. */
interface Referring {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly rule: string;
}

/** Foreign keys of other tables; those of tables that the user may not see are not among them. */
async function referringTo(session: Session, { schema, name }: TableName): Promise<readonly Referring[]> {
  const { rows } = await session.query(
    `SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, r.DELETE_RULE
     FROM information_schema.REFERENTIAL_CONSTRAINTS r JOIN information_schema.KEY_COLUMN_USAGE k
       ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME
     WHERE r.UNIQUE_CONSTRAINT_SCHEMA = ${literal(schema)} AND r.REFERENCED_TABLE_NAME = ${literal(name)}
       AND k.REFERENCED_TABLE_SCHEMA = ${literal(schema)} AND NOT (k.TABLE_SCHEMA = ${literal(schema)} AND k.TABLE_NAME = ${literal(name)})`,
  );
  const found = new Map<string, Referring>();
  for (const [inSchema = '', table = '', constraint = '', column = '', rule = ''] of rows) {
    const id = [inSchema, table, constraint].join('\0');
    const before = found.get(id)?.columns ?? [];
    const of = { schema: inSchema ?? '', name: table ?? '' };
    found.set(id, { table: of, columns: [...before, column ?? ''], rule: rule ?? '' });
  }
  return [...found.values()];
}

const refuse = (plan: TablePlan, message: string, suggestion: string): SluiceError =>
  new SluiceError('target.constraint_violated', message, { table: plan.id, suggestion });

/**
 * Deletes the rows of a table that cannot be truncated, in the transaction that is open. Rows of other tables never go or change
 * with them: whoever refers to the table, with a rule that would do that, must be empty.
 * @throws SluiceError target.constraint_violated
 */
export async function deleteRows(session: Session, plan: TablePlan): Promise<void> {
  const referring = await referringTo(session, plan.target);
  // Who adds a row that refers to one of these waits from here on, and who has added one is waited for.
  await session.query(`SELECT COUNT(*) FROM ${qualified(plan.target)} FOR UPDATE`);
  for (const { table, columns, rule } of referring) {
    if (rule === 'RESTRICT' || rule === 'NO ACTION') continue;
    const refers = columns.map((column) => `${quote(column)} IS NOT NULL`).join(' AND ');
    const found = await session.cell(
      `SELECT EXISTS (SELECT 1 FROM ${qualified(table)} WHERE ${refers} LOCK IN SHARE MODE)`,
    );
    if (found !== '0') {
      throw refuse(
        plan,
        `rows of ${tableId(table)} refer to the rows that would be deleted, and would go or change with them`,
        `empty ${qualified(table)} first, or choose write.mode upsert`,
      );
    }
  }
  await session.query(`DELETE FROM ${qualified(plan.target)}`);
}

/** A foreign key is in the way of TRUNCATE, and we may not see which: what a DELETE would do is not known. */
export async function refuseUnseen(session: Session, plan: TablePlan): Promise<void> {
  if ((await referringTo(session, plan.target)).length > 0) return;
  throw refuse(
    plan,
    'a table that the user of the connection may not see refers to the table',
    'let the user see that table (GRANT SELECT), or choose write.mode upsert',
  );
}
