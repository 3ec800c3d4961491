import type { KeyRange } from '../../model/lane.ts';
import type { Position } from '../../model/row-block.ts';
import type { FittingPolicy } from '../../model/limits.ts';
import type { ColumnPlan, TablePlan } from '../../model/table-plan.ts';
import { affinityOf } from './values/affinity.ts';
import type { InsertProgram, ReadProgram } from './thread/operations.ts';

/** Identifiers are always quoted; in double quotes nothing but the double quote itself means anything. */
export const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** A text as a literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** SQLite's names of the rowid; a column of the same name hides one. */
const ROWID_NAMES = ['rowid', '_rowid_', 'oid'] as const;

/** Beside the columns of a query without a key. */
const ROW_NUMBER = 'sluice_row';

/** The name under which the rowid can be had; columns that are not copied may hide it too. */
export const rowidName = (columns: readonly string[]): string | null =>
  ROWID_NAMES.find((name) => !columns.some((column) => column.toLowerCase() === name)) ?? null;

const fittingPolicy = (policy: ColumnPlan['policy']): FittingPolicy =>
  policy === 'clamp' ? 'clamp' : 'null';

const columnsOf = (plan: TablePlan, side: 'source' | 'target'): ReadProgram['columns'] =>
  plan.columns.map((column) => ({
    name: column[side],
    logical: column.logical,
    affinity: affinityOf(side === 'source' ? column.sourceType : column.targetType),
    ...(side === 'source' && column.policy === 'text' && { asText: true }),
    ...(side === 'source' && column.dropsZeros && { dropsZeros: true }),
    ...(side === 'source' && column.fit && { fit: { ...column.fit, policy: fittingPolicy(column.policy) } }),
  }));

/**
 * What rows are read from: the table, or the query that stands for it, on lines of its own, so that a comment at its end cannot
 * swallow what follows. Rows of a query without a key are numbered: SQLite gives them in the same order each time, as long as
 * it reads the same file, which a snapshot is.
 */
function sourceFrom({ query, source, position }: TablePlan): string {
  if (query === undefined) return quote(source.name);
  if (position.kind === 'key') return `(\n${query}\n) AS sluice_query`;
  return `(SELECT *, row_number() OVER () AS ${ROW_NUMBER} FROM (\n${query}\n)) AS sluice_query`;
}

/** Rows that the plan selects, for a count. */
export function countStatement(plan: TablePlan): string {
  const condition = plan.where === null ? '' : ` WHERE (${plan.where}\n)`;
  const from = `${sourceFrom(plan)}${condition}`;
  return plan.mostRows === undefined
    ? `SELECT count(*) FROM ${from}`
    : `SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT ${plan.mostRows})`;
}

/** What of a source table is read, and how. The plan's select expressions are the bare columns here. */
export function sourceProgram(
  plan: TablePlan,
  range: Pick<KeyRange, 'after' | 'upto'> | null,
  options: {
    readonly after?: Position | null;
    readonly rowid: string;
    readonly mostRows?: number | undefined;
  },
): ReadProgram {
  return {
    table: plan.id,
    side: 'source',
    columns: columnsOf(plan, 'source'),
    keyColumns: plan.position.kind === 'key' ? plan.position.columns.length : null,
    expressions: plan.columns.map((column) => column.select),
    from: sourceFrom(plan),
    rowid: plan.query === undefined ? options.rowid : ROW_NUMBER,
    where: plan.where,
    after: options.after ?? range?.after ?? null,
    upto: range?.upto ?? null,
    mostRows: options.mostRows ?? null,
    ofQuery: plan.query !== undefined,
  };
}

/** The target's rows for its checksum. */
export const targetProgram = (plan: TablePlan, range: KeyRange | null): ReadProgram => ({
  table: plan.id,
  side: 'target',
  columns: columnsOf(plan, 'target'),
  keyColumns: plan.position.kind === 'key' ? plan.position.columns.length : 0,
  expressions: plan.columns.map((column) => quote(column.target)),
  from: quote(plan.target.name),
  rowid: ROWID_NAMES[0],
  where: null,
  after: range?.after ?? null,
  upto: range?.upto ?? null,
  mostRows: null,
  ofQuery: false,
});

function renderInsert({ columns, target }: TablePlan): string {
  const names = columns.map((column) => quote(column.target));
  return `INSERT INTO ${quote(target.name)} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
}

const onConflict = ({ targetKey }: TablePlan): string => `ON CONFLICT (${targetKey.map(quote).join(', ')})`;

/**
 * The statement for one row. An upsert sets at least one column, so that SQLite counts the rows it finds too.
 */
export function insertProgram(plan: TablePlan): InsertProgram {
  const insert = renderInsert(plan);
  const base = { table: plan.id, columns: columnsOf(plan, 'target') };
  if (plan.writeMode !== 'upsert') return { ...base, sql: insert };
  const key = plan.targetKey.map(quote);
  const others = plan.columns.map((column) => quote(column.target)).filter((name) => !key.includes(name));
  const set = (others.length > 0 ? others : key).map((name) => `${name} = excluded.${name}`);
  return { ...base, sql: `${insert} ${onConflict(plan)} DO UPDATE SET ${set.join(', ')}` };
}

/**
 * The same of rows that the target is expected to have, or to lack: what that makes of a row is tried first, and tells whether it was so.
 * Of rows that are all key it is always the insert.
 */
export function expectingProgram(plan: TablePlan, expected: 'there' | 'absent'): InsertProgram {
  const places = plan.columns.map((_, at) => at);
  const isKey = (at: number): boolean => plan.targetKey.includes(plan.columns[at]?.target ?? '');
  const others = places.filter((at) => !isKey(at));
  if (expected === 'absent' || others.length === 0) {
    const sql = `${renderInsert(plan)} ${onConflict(plan)} DO NOTHING`;
    return { ...insertProgram(plan), first: { sql, places, meets: 'absent' } };
  }
  const keys = places.filter(isKey);
  const is = (at: number): string => `${quote(plan.columns[at]?.target ?? '')} = ?`;
  const sql = `UPDATE ${quote(plan.target.name)} SET ${others.map(is).join(', ')} WHERE ${keys.map(is).join(' AND ')}`;
  return { ...insertProgram(plan), first: { sql, places: [...others, ...keys], meets: 'there' } };
}

/** The statement for one key, in the order of the plan's. */
export function removeProgram(plan: TablePlan): InsertProgram {
  const columns = columnsOf(plan, 'target');
  const same = plan.targetKey.map((name) => `${quote(name)} = ?`).join(' AND ');
  return {
    table: plan.id,
    columns: plan.targetKey.flatMap((key) => columns.find(({ name }) => name === key) ?? []),
    sql: `DELETE FROM ${quote(plan.target.name)} WHERE ${same}`,
  };
}
