import type { SqlExpression } from '../../../model/expression.ts';
import type { CheckSchema, ColumnSchema, KeySchema, TableSchema } from '../../../model/table-schema.ts';
import { affinityOf } from '../values/affinity.ts';
import { type CatalogRow, flag, text, textOrNull } from './catalog-queries.ts';
import { type CreateTableText, readCreateTable } from './create-table-text.ts';
import { expressionsOf, neutralDefaultOf } from './expression-style.ts';
import { describeForeignKeys, describeIndex } from './describe-keys.ts';
import { columnsOfIndex, type TableRows } from './table-rows.ts';

const MAIN = 'main';

const numbers = (type: string): number[] =>
  (/\(([^)]*)\)/.exec(type)?.[1] ?? '').split(',').map(Number).filter(Number.isInteger);

/** The key columns in the order of the key; nothing where the table has none. */
const keyColumns = (rows: TableRows): CatalogRow[] =>
  rows.columns
    .filter((column) => flag(column, 'keyPlace'))
    .sort((a, b) => Number(a['keyPlace']) - Number(b['keyPlace']));

/** `INTEGER PRIMARY KEY` is the rowid itself: it has no index and gets a number when none is given. */
function isRowid(rows: TableRows, column: CatalogRow): boolean {
  return (
    flag(column, 'keyPlace') &&
    text(column, 'type').toUpperCase() === 'INTEGER' &&
    keyColumns(rows).length === 1 &&
    !flag(rows.table, 'withoutRowid') &&
    !rows.indexes.some((index) => index['origin'] === 'pk')
  );
}

function describeColumn(rows: TableRows, column: CatalogRow, written: CreateTableText): ColumnSchema {
  const name = text(column, 'name');
  const type = text(column, 'type');
  const [first = null, second = null] = numbers(type);
  const own = written.columns.get(name.toLowerCase());
  const neutralDefault = neutralDefaultOf(textOrNull(column, 'default'));
  const isText = affinityOf(type) === 'text';
  const collation = own?.collation ?? (isText && rows.encoding !== 'UTF-8' ? rows.encoding : null);
  return {
    name,
    type,
    baseType: type.replace(/\s*\([^)]*\)/, '').toLowerCase(),
    precision: isText ? null : first,
    scale: isText ? null : second,
    maxChars: isText ? first : null,
    // A NULL in a primary key, which SQLite allows, is refused when the table is read.
    nullable: !flag(column, 'notNull') && !flag(column, 'keyPlace'),
    default: textOrNull(column, 'default'),
    ...(neutralDefault && { neutralDefault }),
    identity: isRowid(rows, column) ? 'by-default' : null,
    generated: Number(column['hidden']) >= 2 ? (own?.generated ?? 'unknown') : null,
    collation,
    enumLabels: null,
    comment: null,
  };
}

/** True where the index compares as its columns do: else a walk by comparison would pass over rows. */
function comparesLikeColumns(rows: TableRows, index: string, written: CreateTableText): boolean {
  return columnsOfIndex(rows, index).every((part) => {
    const name = textOrNull(part, 'column');
    if (name === null) return false;
    const declared = written.columns.get(name.toLowerCase())?.collation ?? 'BINARY';
    return declared.toUpperCase() === text(part, 'collation').toUpperCase();
  });
}

function describeKeys(rows: TableRows, columns: readonly ColumnSchema[], written: CreateTableText) {
  const own = keyColumns(rows).map((column) => text(column, 'name'));
  const pkIndex = rows.indexes.find((index) => index['origin'] === 'pk');
  const usable = pkIndex === undefined || comparesLikeColumns(rows, text(pkIndex, 'name'), written);
  const primaryKey: KeySchema | null =
    own.length > 0 && usable ? { name: 'primary key', columns: own } : null;
  const nullable = new Set(columns.filter((column) => column.nullable).map((column) => column.name));
  const uniqueKeys = rows.indexes
    .filter((index) => flag(index, 'unique') && !flag(index, 'partial') && index['origin'] !== 'pk')
    .filter((index) => comparesLikeColumns(rows, text(index, 'name'), written))
    .map((index) => ({
      name: text(index, 'name'),
      columns: columnsOfIndex(rows, text(index, 'name')).map((part) => text(part, 'column')),
    }))
    .filter((key) => key.columns.every((column) => !nullable.has(column)));
  return { primaryKey, uniqueKeys, indexes: rows.indexes.filter((index) => index !== pkIndex || !usable) };
}

/** One without a name gets one by its place. */
function checkOf(
  { name, definition }: CreateTableText['checks'][number],
  of: { readonly table: string; readonly at: number; readonly parse: (sql: string) => SqlExpression },
): CheckSchema {
  const condition = definition.slice('CHECK '.length + 1, -1);
  return { name: name ?? `${of.table}_check_${of.at + 1}`, definition, expression: of.parse(condition) };
}

/** The model's schema of one table from the catalog's rows. Pure. */
export function describeTable(rows: TableRows): TableSchema {
  const written = readCreateTable(text(rows.table, 'sql'));
  const columns = rows.columns.map((column) => describeColumn(rows, column, written));
  const { primaryKey, uniqueKeys, indexes } = describeKeys(rows, columns, written);
  const parse = expressionsOf(columns);
  return {
    table: { schema: MAIN, name: text(rows.table, 'table') },
    product: 'sqlite',
    kind: 'table',
    parent: null,
    columns,
    primaryKey,
    uniqueKeys,
    indexes: indexes.map((index) => describeIndex(rows, index, parse)),
    foreignKeys: describeForeignKeys(rows, written),
    checks: written.checks.map((check, at) =>
      checkOf(check, { table: text(rows.table, 'table'), at, parse }),
    ),
    comment: null,
    estimatedRows: rows.estimatedRows,
    estimatedBytes: null,
  };
}
