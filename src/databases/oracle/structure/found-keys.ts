import type { TableName } from '../../../model/table-name.ts';
import {
  type ColumnSchema,
  FOREIGN_KEY_ACTIONS,
  type ForeignKeySchema,
  type IndexPart,
  type IndexSchema,
  type KeySchema,
} from '../../../model/table-schema.ts';
import type { CatalogRow } from '../sql/catalog-queries.ts';
import { list } from '../sql/names.ts';
import type { ParseSql } from './expression-style.ts';

/** A name of the catalog, which has no quotation marks. */
const named = (name: string | null | undefined): string => `"${name ?? ''}"`;

/** Rows of the catalog by the thing that they tell of. */
export const groups = (rows: readonly CatalogRow[]): readonly (readonly CatalogRow[])[] => {
  const names = [...new Set(rows.map((row) => row['name'] ?? ''))];
  return names.map((name) => rows.filter((row) => row['name'] === name));
};
const columnsOf = (rows: readonly CatalogRow[]): readonly string[] =>
  rows.flatMap((row) => row['column'] ?? []);

export function foreignKeyOf(rows: readonly CatalogRow[]): ForeignKeySchema {
  const [first] = rows;
  const columns = columnsOf(rows);
  const references = { schema: first?.['refSchema'] ?? '', name: first?.['refTable'] ?? '' };
  const referencedColumns = rows.flatMap((row) => row['refColumn'] ?? []);
  const rule = first?.['onDelete'] ?? 'NO ACTION';
  const onDelete = rule === 'NO ACTION' ? '' : ` ON DELETE ${rule}`;
  return {
    name: first?.['name'] ?? '',
    columns,
    references,
    referencedColumns,
    onUpdate: 'no action',
    onDelete: FOREIGN_KEY_ACTIONS.find((each) => each === rule.toLowerCase()) ?? 'no action',
    match: 'simple',
    checked: checkedOf(first),
    valid: first?.['trusted'] === 'Y',
    definition: `FOREIGN KEY (${list(columns.map(named))}) REFERENCES ${named(references.schema)}.${named(references.name)} (${list(referencedColumns.map(named))})${onDelete}`,
  };
}

export interface FoundIndex extends IndexSchema {
  /** Whole columns that are never NULL: a key by which one row is named. */
  readonly usable: boolean;
}

/** An index that is ordered downwards is one of expressions to the catalog: of the column's own name. */
const PLAIN_COLUMN = /^"([^"]+)"$/;

function partOf(row: CatalogRow, parse: ParseSql): IndexPart {
  const expression = row['expression']?.trim() ?? null;
  const column = expression === null ? (row['column'] ?? null) : (PLAIN_COLUMN.exec(expression)?.[1] ?? null);
  return {
    column,
    expression: column === null ? parse(expression ?? '') : null,
    descending: row['descend'] === 'DESC',
    nulls: null,
    collation: null,
    prefix: null,
    operators: null,
  };
}

export function indexOf(
  table: TableName,
  rows: readonly CatalogRow[],
  { columns, parse }: { readonly columns: readonly ColumnSchema[]; readonly parse: ParseSql },
): readonly FoundIndex[] {
  const [first] = rows;
  const type = first?.['type'] ?? '';
  if (type === 'LOB' || type.startsWith('IOT')) return [];
  const unique = first?.['unique'] === 'UNIQUE';
  const method = type.includes('BITMAP')
    ? 'bitmap'
    : /^(?:FUNCTION-BASED )?NORMAL$/.test(type)
      ? 'btree'
      : 'domain';
  const kind = unique ? 'UNIQUE ' : method === 'bitmap' ? 'BITMAP ' : '';
  const parts = rows.map((row) => partOf(row, parse));
  const body = `(${list(parts.map(({ column, expression, descending }) => `${column === null ? expression?.sql : named(column)}${descending ? ' DESC' : ''}`))})`;
  const name = first?.['name'] ?? '';
  const never = (column: string | null): boolean =>
    columns.find((each) => each.name === column)?.nullable === false;
  return [
    {
      name,
      columns: parts.flatMap(({ column }) => column ?? []),
      unique,
      parts,
      included: [],
      condition: null,
      method,
      // Rows are equal where all that is not NULL is, unless all of them is NULL.
      nullsDistinct: parts.length === 1 || parts.every(({ column }) => never(column)),
      constraint: null,
      valid: true,
      definition: `CREATE ${kind}INDEX ${named(name)} ON ${named(table.schema)}.${named(table.name)} ${body}`,
      body,
      usable: unique && method === 'btree' && parts.every(({ column }) => never(column)),
    },
  ];
}

const DEFERRED = {
  'at-once': '',
  deferrable: ' DEFERRABLE',
  deferred: ' DEFERRABLE INITIALLY DEFERRED',
} as const;

const checkedOf = (row: CatalogRow | undefined): ForeignKeySchema['checked'] =>
  row?.['deferrable'] !== 'DEFERRABLE'
    ? 'at-once'
    : row['deferred'] === 'DEFERRED'
      ? 'deferred'
      : 'deferrable';

const same = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');

interface TableKeys {
  readonly constraints: readonly (readonly CatalogRow[])[];
  readonly columns: readonly ColumnSchema[];
}

/** The index of a unique constraint, which may lie on further columns, or have rows that are the same. */
function ofConstraint(table: TableName, rows: readonly CatalogRow[], { columns }: TableKeys): FoundIndex {
  const [first] = rows;
  const name = first?.['name'] ?? '';
  const on = columnsOf(rows);
  const index = on.map((column) => ({
    ...first,
    name,
    unique: 'UNIQUE',
    type: 'NORMAL',
    column,
    descend: 'ASC',
    expression: null,
  }));
  const parse: ParseSql = (sql) => ({ sql, neutral: null });
  const [found] = indexOf(table, index, { columns, parse });
  return {
    ...(found as FoundIndex),
    constraint: `UNIQUE (${list(on.map(named))})${DEFERRED[checkedOf(first)]}`,
    usable: false,
  };
}

/** The indexes of a table but the primary key's, those of unique constraints as these say. */
export function withConstraints(
  table: TableName,
  indexes: readonly FoundIndex[],
  keys: TableKeys,
): readonly FoundIndex[] {
  const of = (type: string) =>
    keys.constraints.filter(([first]) => first?.['type'] === type && first['trusted'] === 'Y');
  const [primary] = of('P');
  const unique = of('U');
  const says = (index: FoundIndex, rows: readonly CatalogRow[] | undefined): boolean =>
    rows?.[0]?.['index'] === index.name && same(columnsOf(rows), index.columns);
  return [
    ...unique.map((rows) => ofConstraint(table, rows, keys)),
    ...indexes.filter((index) => !says(index, primary) && !unique.some((rows) => says(index, rows))),
  ];
}

/** A constraint that is switched off, or was never looked at, is no promise. */
export function keysOf(
  rows: readonly (readonly CatalogRow[])[],
  type: 'P' | 'U',
  columns: readonly ColumnSchema[],
): readonly KeySchema[] {
  const never = (name: string): boolean => columns.find((column) => column.name === name)?.nullable === false;
  return rows.flatMap((parts) => {
    const [first] = parts;
    const found = columnsOf(parts);
    if (first?.['type'] !== type || first['trusted'] !== 'Y' || !found.every(never)) return [];
    return [{ name: first['name'] ?? '', columns: found }];
  });
}
