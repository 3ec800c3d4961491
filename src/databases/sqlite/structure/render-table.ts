import { translateDefault } from '../../../engine/structure/translate-default.ts';
import { isClosedSql } from '../../../engine/structure/is-closed-sql.ts';
import { columnsByName } from '../../../engine/structure/rename.ts';
import { wantedChecks } from '../../../engine/structure/wanted-checks.ts';
import { renamer } from '../../../engine/structure/wanted-indexes.ts';
import { tableId } from '../../../model/table-name.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { ColumnSchema, ForeignKeySchema, TableSchema } from '../../../model/table-schema.ts';
import { literal, quote } from '../sql.ts';
import { unquoted } from './create-table-text.ts';
import { DEFAULTS, RULES } from './words.ts';

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

/** Between files of SQLite the expression itself; else what means the same. */
function renderDefault(
  expression: string,
  column: ColumnPlan,
  source: ColumnSchema | undefined,
): string | null {
  if (column.logical.kind !== 'any' && source?.neutralDefault)
    return translateDefault(source.neutralDefault, column.logical, DEFAULTS);
  if (column.logical.kind !== 'any') return null;
  // SQLite still reads "x" as a text in defaults that were written so long ago; the library here does not.
  if (expression.startsWith('"')) return literal(unquoted(expression));
  return isClosedSql(expression, RULES.style) ? `(${expression})` : null;
}

const list = (names: readonly string[]): string => names.map(quote).join(', ');

/** A foreign key of the table, in names of the target. */
export function renderForeignKey(key: ForeignKeySchema): string {
  const { columns, references, referencedColumns, onUpdate, onDelete, checked } = key;
  const rules = [
    ...(onUpdate === 'no action' ? [] : [`ON UPDATE ${onUpdate.toUpperCase()}`]),
    ...(onDelete === 'no action' ? [] : [`ON DELETE ${onDelete.toUpperCase()}`]),
    ...(checked === 'deferred' ? ['DEFERRABLE INITIALLY DEFERRED'] : []),
  ];
  const parent = referencedColumns.length > 0 ? ` (${list(referencedColumns)})` : '';
  return `FOREIGN KEY (${list(columns)}) REFERENCES ${quote(references.name)}${parent}${rules.length > 0 ? ` ${rules.join(' ')}` : ''}`;
}

/** Generated columns of a table of SQLite; those of others are left out. */
function generatedColumns(plan: TablePlan, source: TableSchema): Part[] {
  const rename = renamer(source, columnsByName(plan), RULES);
  const copied = new Set(plan.columns.map((column) => column.source));
  return source.columns.flatMap(({ name, type, generated }) => {
    if (generated === null || copied.has(name)) return [];
    const expression =
      source.product === RULES.product && generated !== 'unknown' && isClosedSql(generated, RULES.style)
        ? rename(generated)
        : null;
    return expression === null
      ? [{ sql: '', leftOut: [`${name} GENERATED ALWAYS AS ${generated}`] }]
      : [{ sql: `${quote(name)} ${type} GENERATED ALWAYS AS ${expression} STORED`, leftOut: [] }];
  });
}

function renderColumn(column: ColumnPlan, source: ColumnSchema | undefined, rowidKey: boolean): Part {
  const leftOut: string[] = [];
  const words = [quote(column.target), column.targetType];
  if (rowidKey) words.push('PRIMARY KEY');
  if (!column.nullable) words.push('NOT NULL');
  // A key that is the rowid counts by itself, as a sequence does.
  const counts = source?.identity != null || (rowidKey && source?.default?.startsWith('nextval(') === true);
  const expression = counts ? null : (source?.default ?? null);
  const translated = expression === null ? null : renderDefault(expression, column, source);
  if (translated !== null) words.push(`DEFAULT ${translated}`);
  else if (expression !== null) leftOut.push(`${column.target} DEFAULT ${expression}`);
  if (column.logical.kind === 'any' && source?.collation) words.push(`COLLATE ${quote(source.collation)}`);
  if (source?.enumLabels) leftOut.push(`${column.target}: the labels of the enum ${source.type}`);
  if (source?.identity != null && !rowidKey)
    leftOut.push(`${column.target} GENERATED ${source.identity} AS IDENTITY`);
  if (source?.onUpdate !== undefined) leftOut.push(`${column.target} ON UPDATE ${source.onUpdate}`);
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
 * CREATE TABLE with all that a table of SQLite can only get when it is created: columns, NOT NULL, primary key, defaults, checks
 * and foreign keys. What it does not get is listed: nothing is dropped in silence.
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
  const generated = generatedColumns(plan, source);
  // Invariant 7 of upserts: ON CONFLICT needs the very key that the plan matches by.
  const matched =
    plan.targetKey.length > 0 && plan.targetKey.join('\0') !== key.join('\0') ? plan.targetKey : [];
  const constraints = [
    ...(key.length > 0 && !rowid ? [`PRIMARY KEY (${list(key)})`] : []),
    ...(matched.length > 0 ? [`UNIQUE (${list(matched)})`] : []),
    ...wantedChecks(plan, RULES).checks.map(
      ({ name, definition }) => `CONSTRAINT ${quote(name)} ${definition}`,
    ),
    ...(plan.foreignKeys ?? []).map(renderForeignKey),
  ];
  const lines = [...columns, ...generated].map(({ sql }) => sql).filter((sql) => sql !== '');
  return {
    sql: `CREATE TABLE ${quote(plan.target.name)} (\n  ${[...lines, ...constraints].join(',\n  ')}\n)`,
    leftOut: [
      ...[...columns, ...generated].flatMap((column) => column.leftOut),
      ...(source.primaryKey && key.length === 0
        ? [`PRIMARY KEY (${source.primaryKey.columns.join(', ')}) of ${tableId(source.table)}`]
        : []),
      ...(source.comment === null ? [] : [`comment on the table: ${source.comment}`]),
      ...(source.kind === 'partitioned' ? [`the partitions of ${tableId(source.table)}`] : []),
    ],
  };
}
