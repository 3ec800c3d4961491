import { tableId } from '../../../model/table-name.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../../../model/table-schema.ts';
import { quote } from '../sql.ts';
import { translateDefault } from './default-text.ts';

export interface RenderedTable {
  readonly sql: string;
  /** SQL of what the table of the source has and this one has not. */
  readonly leftOut: readonly string[];
}

interface Part {
  readonly sql: string;
  readonly leftOut: readonly string[];
}

/** `INTEGER PRIMARY KEY` makes a column the rowid; the type must be that very word. */
const isRowid = (plan: TablePlan, key: readonly string[]): boolean =>
  key.length === 1 &&
  plan.columns.some((column) => column.target === key[0] && column.targetType.toUpperCase() === 'INTEGER');

function lostDomain(column: ColumnPlan, source: ColumnSchema | undefined): readonly string[] {
  if (!source?.domain) return [];
  const { name, checks, default: value } = source.domain;
  return [
    `${column.target} of domain ${name}`,
    ...checks.map((check) => `${check} of domain ${name}, on ${column.target}`),
    ...(value === null ? [] : [`${column.target} DEFAULT ${value} of domain ${name}`]),
  ];
}

const lostComment = (column: ColumnPlan, source: ColumnSchema | undefined): readonly string[] =>
  source?.comment == null ? [] : [`comment on ${column.target}: ${source.comment}`];

function renderColumn(column: ColumnPlan, source: ColumnSchema | undefined, rowidKey: boolean): Part {
  const leftOut: string[] = [];
  const words = [quote(column.target), column.targetType];
  if (rowidKey) words.push('PRIMARY KEY');
  if (!column.nullable) words.push('NOT NULL');
  const expression = source?.identity == null ? (source?.default ?? null) : null;
  const translated = expression === null ? null : translateDefault(expression, column.logical);
  if (translated !== null) words.push(`DEFAULT ${translated}`);
  else if (expression !== null) leftOut.push(`${column.target} DEFAULT ${expression}`);
  if (column.logical.kind === 'any' && source?.collation) words.push(`COLLATE ${quote(source.collation)}`);
  if (source?.enumLabels) leftOut.push(`${column.target}: the labels of the enum ${source.type}`);
  if (source?.identity != null && !rowidKey)
    leftOut.push(`${column.target} GENERATED ${source.identity} AS IDENTITY`);
  leftOut.push(...lostDomain(column, source), ...lostComment(column, source));
  return { sql: words.filter((word) => word !== '').join(' '), leftOut };
}

/** The key of the target's table in target names; nothing where a column of it is not copied. */
function keyOf(plan: TablePlan, source: TableSchema): readonly string[] {
  const names = (source.primaryKey?.columns ?? []).map(
    (name) => plan.columns.find((column) => column.source === name)?.target,
  );
  return names.every((name) => name !== undefined) ? names : [];
}

/**
 * CREATE TABLE with columns, NOT NULL, primary key and those defaults that can be translated. Indexes, unique keys,
 * foreign keys and checks are left out, and listed: nothing is dropped in silence.
 */
export function renderTable(plan: TablePlan, source: TableSchema): RenderedTable {
  const key = keyOf(plan, source);
  const rowid = isRowid(plan, key);
  const columns = plan.columns.map((column) =>
    renderColumn(
      column,
      source.columns.find((each) => each.name === column.source),
      rowid && column.target === key[0],
    ),
  );
  // Invariant 7 of upserts: ON CONFLICT needs the very key that the plan matches by.
  const matched =
    plan.targetKey.length > 0 && plan.targetKey.join('\0') !== key.join('\0') ? plan.targetKey : [];
  const constraints = [
    ...(key.length > 0 && !rowid ? [`PRIMARY KEY (${key.map(quote).join(', ')})`] : []),
    ...(matched.length > 0 ? [`UNIQUE (${matched.map(quote).join(', ')})`] : []),
  ];
  const lines = [...columns.map((column) => column.sql), ...constraints];
  const copied = new Set(plan.columns.map((column) => column.source));
  return {
    sql: `CREATE TABLE ${quote(plan.target.name)} (\n  ${lines.join(',\n  ')}\n)`,
    leftOut: [
      ...columns.flatMap((column) => column.leftOut),
      ...(source.primaryKey && key.length === 0
        ? [`PRIMARY KEY (${source.primaryKey.columns.join(', ')}) of ${tableId(source.table)}`]
        : []),
      ...source.columns
        .filter((column) => column.generated !== null && !copied.has(column.name))
        .map((column) => `${column.name} GENERATED ALWAYS AS ${column.generated}`),
      ...(source.comment === null ? [] : [`comment on the table: ${source.comment}`]),
      ...(source.kind === 'partitioned' ? [`the partitions of ${tableId(source.table)}`] : []),
      ...source.indexes.map((index) => index.definition),
      ...source.foreignKeys.map((foreign) => foreign.definition),
      ...source.checks.map((check) => check.definition),
    ],
  };
}
