import type { PrepareRequest, TableOutcome, TablePreview } from '../../../engine/ports/target-writer.ts';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { TableSchema } from '../../../model/table-schema.ts';
import { quote } from '../sql.ts';
import { affinityOf } from '../values/affinity.ts';
import type { Session } from '../connections/session.ts';
import { renderTable } from './render-table.ts';

interface TargetColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** Must be given a value in every row. */
  readonly required: boolean;
}

/** Names are compared as SQLite compares them: without regard to case in ASCII. */
const lower = (text: string): string => text.toLowerCase();

async function targetColumns(session: Session, table: string): Promise<readonly TargetColumn[]> {
  const rows = await session.rows(
    'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?) WHERE hidden = 0',
    [table],
  );
  return rows.map(([name, type, notNull, value, key]) => ({
    name: String(name),
    type: String(type),
    notNull: notNull === 1n,
    required: notNull === 1n && value === null && key === 0n,
  }));
}

const differs = (plan: TablePlan, what: string, suggestion: string, column: string): SluiceError =>
  new SluiceError('target.structure_differs', `${tableId(plan.target)}: ${what}`, {
    table: plan.id,
    column,
    suggestion,
  });

/** A value of any storage class stays what it is only where the column treats it as the source's column did. */
function keepsAffinity(column: ColumnPlan, found: TargetColumn): boolean {
  const affinity = affinityOf(found.type);
  if (column.logical.kind !== 'any') return affinity === affinityOf(column.targetType);
  return affinity === 'exact' || affinity === affinityOf(column.sourceType);
}

/** @throws SluiceError target.structure_differs with the statement that mends it */
function verify(plan: TablePlan, existing: readonly TargetColumn[]): void {
  const table = quote(plan.target.name);
  for (const column of plan.columns) {
    const found = existing.find((each) => lower(each.name) === lower(column.target));
    if (!found) {
      const add = `ALTER TABLE ${table} ADD COLUMN ${quote(column.target)} ${column.targetType}`;
      throw differs(plan, `column ${column.target} is missing`, add, column.target);
    }
    if (!keepsAffinity(column, found)) {
      const suggestion = `declare ${quote(column.target)} as ${column.targetType || 'no type'}`;
      throw differs(plan, `column ${column.target} is of type ${found.type}`, suggestion, column.target);
    }
    if (found.notNull && column.nullable) {
      const suggestion = `create ${table} again with ${quote(column.target)} without NOT NULL`;
      throw differs(
        plan,
        `column ${column.target} is NOT NULL and the source's is not`,
        suggestion,
        column.target,
      );
    }
  }
  const copied = new Set(plan.columns.map((column) => lower(column.target)));
  const needed = existing.find((column) => column.required && !copied.has(lower(column.name)));
  if (!needed) return;
  const suggestion = `give ${quote(needed.name)} a default or copy it`;
  throw differs(plan, `column ${needed.name} is NOT NULL and is not copied`, suggestion, needed.name);
}

/** What prepareTable and, under `replace`, replaceTable would do. @param session  null where there is no table yet */
export async function previewTable(session: Session | null, request: PrepareRequest): Promise<TablePreview> {
  const { plan, source, policy } = request;
  const { sql, leftOut } = renderTable(plan, source);
  const nothing = { statements: [], leftOut: [], refusals: [] };
  if (policy === 'replace') {
    const drop = session ? [`DROP TABLE IF EXISTS ${quote(plan.target.name)}`] : [];
    return { statements: [...drop, sql], leftOut, refusals: [] };
  }
  if (!session)
    return policy === 'verify'
      ? { ...nothing, refusals: [sql] }
      : { statements: [sql], leftOut, refusals: [] };
  try {
    verify(plan, await targetColumns(session, plan.target.name));
    return nothing;
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return { ...nothing, refusals: [`${error.message}: ${error.details.suggestion ?? ''}`] };
  }
}

/** Drops the table, if it is there, and makes it anew, in the transaction that is open. */
export async function replaceTable(session: Session, plan: TablePlan, source: TableSchema): Promise<void> {
  await session.run(`DROP TABLE IF EXISTS ${quote(plan.target.name)}`);
  await session.run(renderTable(plan, source).sql);
}

/**
 * Makes the target table what the policy says, in the transaction that is open; drops nothing.
 * @throws SluiceError target.table_missing, target.structure_differs
 */
export async function prepareTable(session: Session, request: PrepareRequest): Promise<TableOutcome> {
  const { plan, source, policy } = request;
  const table = plan.id;
  const rendered = renderTable(plan, source);
  if (policy === 'replace') return { table, done: 'to-be-replaced', leftOut: rendered.leftOut };
  const existing = await targetColumns(session, plan.target.name);
  if (existing.length > 0) {
    verify(plan, existing);
    return { table, done: 'verified', leftOut: [] };
  }
  if (policy === 'verify') {
    throw new SluiceError('target.table_missing', `there is no table ${tableId(plan.target)}`, {
      table,
      suggestion: rendered.sql,
    });
  }
  await session.run(rendered.sql);
  return { table, done: 'created', leftOut: rendered.leftOut };
}
