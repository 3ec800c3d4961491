import type {
  ColumnSchema,
  ForeignKeySchema,
  IndexSchema,
  KeySchema,
  TableSchema,
} from '../../../model/table-schema.ts';
import { quote } from '../sql.ts';
import { affinityOf } from '../values/affinity.ts';
import { type CatalogRow, flag, text, textOrNull } from './catalog-queries.ts';
import { type CreateTableText, readCreateTable } from './create-table-text.ts';

/** Rows of the catalog queries for one table. */
export interface TableRows {
  readonly table: CatalogRow;
  readonly columns: readonly CatalogRow[];
  readonly indexes: readonly CatalogRow[];
  readonly indexColumns: readonly CatalogRow[];
  readonly foreignKeys: readonly CatalogRow[];
  readonly estimatedRows: number | null;
  /** `UTF-8`, or a UTF-16 whose byte order is not the order of the characters elsewhere. */
  readonly encoding: string;
}

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
    identity: isRowid(rows, column) ? 'by-default' : null,
    generated: Number(column['hidden']) >= 2 ? (own?.generated ?? 'unknown') : null,
    collation,
    enumLabels: null,
    comment: null,
  };
}

const columnsOfIndex = (rows: TableRows, index: string): CatalogRow[] =>
  rows.indexColumns.filter((column) => column['index'] === index);

/** True where the index compares as its columns do: else a walk by comparison would pass over rows. */
function comparesLikeColumns(rows: TableRows, index: string, written: CreateTableText): boolean {
  return columnsOfIndex(rows, index).every((part) => {
    const name = textOrNull(part, 'column');
    if (name === null) return false;
    const declared = written.columns.get(name.toLowerCase())?.collation ?? 'BINARY';
    return declared.toUpperCase() === text(part, 'collation').toUpperCase();
  });
}

const describeIndex = (rows: TableRows, index: CatalogRow): IndexSchema => {
  const columns = columnsOfIndex(rows, text(index, 'name')).map(
    (part) => textOrNull(part, 'column') ?? '(expression)',
  );
  return {
    name: text(index, 'name'),
    columns,
    unique: flag(index, 'unique'),
    definition: textOrNull(index, 'sql') ?? `UNIQUE (${columns.map(quote).join(', ')})`,
  };
};

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
    .map((index) => ({ name: text(index, 'name'), columns: [...describeIndex(rows, index).columns] }))
    .filter((key) => key.columns.every((column) => !nullable.has(column)));
  return { primaryKey, uniqueKeys, indexes: rows.indexes.filter((index) => index !== pkIndex || !usable) };
}

function describeForeignKeys(rows: TableRows): ForeignKeySchema[] {
  const ids = [...new Set(rows.foreignKeys.map((row) => Number(row['id'])))];
  return ids.map((id) => {
    const parts = rows.foreignKeys.filter((row) => Number(row['id']) === id);
    const first = parts[0] as CatalogRow;
    const columns = parts.map((part) => text(part, 'column'));
    const target = text(first, 'references');
    // Without a list of columns the parent's primary key is meant.
    const referencedColumns = parts.flatMap((part) => textOrNull(part, 'referenced') ?? []);
    const list = (names: readonly string[]): string =>
      names.length > 0 ? ` (${names.map(quote).join(', ')})` : '';
    return {
      name: `foreign key ${id}`,
      columns,
      references: { schema: MAIN, name: target },
      referencedColumns,
      definition: `FOREIGN KEY${list(columns)} REFERENCES ${quote(target)}${list(referencedColumns)} ON UPDATE ${text(first, 'onUpdate')} ON DELETE ${text(first, 'onDelete')}`,
    };
  });
}

/** The model's schema of one table from the catalog's rows. Pure. */
export function describeTable(rows: TableRows): TableSchema {
  const written = readCreateTable(text(rows.table, 'sql'));
  const columns = rows.columns.map((column) => describeColumn(rows, column, written));
  const { primaryKey, uniqueKeys, indexes } = describeKeys(rows, columns, written);
  return {
    table: { schema: MAIN, name: text(rows.table, 'table') },
    kind: 'table',
    parent: null,
    columns,
    primaryKey,
    uniqueKeys,
    indexes: indexes.map((index) => describeIndex(rows, index)),
    foreignKeys: describeForeignKeys(rows),
    checks: written.checks.map((check, at) => ({
      name: check.name ?? `check ${at + 1}`,
      definition: check.definition,
    })),
    comment: null,
    estimatedRows: rows.estimatedRows,
    estimatedBytes: null,
  };
}
