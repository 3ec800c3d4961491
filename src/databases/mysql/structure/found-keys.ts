import type { TableName } from '../../../model/table-name.ts';
import {
  type ColumnSchema,
  FOREIGN_KEY_ACTIONS,
  type ForeignKeyAction,
  type ForeignKeySchema,
  type IndexPart,
  type IndexSchema,
} from '../../../model/table-schema.ts';
import type { CatalogRow } from '../catalog-queries.ts';
import { list, qualified, quote } from '../sql/names.ts';
import type { ParseSql } from './expression-style.ts';

export interface FoundIndex extends IndexSchema {
  /** A key by which one row is named. */
  readonly usable: boolean;
}

interface TableColumns {
  readonly columns: readonly ColumnSchema[];
  readonly parse: ParseSql;
}

const numberOf = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Number(text);

const partOf = (row: CatalogRow, parse: ParseSql): IndexPart => ({
  column: row['column'] ?? null,
  expression: row['column'] === null ? parse(row['expression'] ?? '') : null,
  descending: row['order'] === 'D',
  nulls: null,
  collation: null,
  prefix: numberOf(row['prefix']),
  operators: null,
});

const renderPart = ({ column, expression, prefix, descending }: IndexPart): string => {
  const key =
    column === null
      ? `(${expression?.sql ?? '…'})`
      : `${quote(column)}${prefix === null ? '' : `(${prefix})`}`;
  return `${key}${descending ? ' DESC' : ''}`;
};

function indexOf(
  table: TableName,
  rows: readonly CatalogRow[],
  { columns, parse }: TableColumns,
): FoundIndex {
  const [first] = rows;
  const name = first?.['index'] ?? '';
  const type = (first?.['type'] ?? 'BTREE').toLowerCase();
  const unique = first?.['nonUnique'] === '0';
  const kind = type === 'fulltext' || type === 'spatial' ? `${type.toUpperCase()} ` : '';
  const parts = rows.map((row) => partOf(row, parse));
  const body = `(${list(parts.map(renderPart))})`;
  const nullable = (column: string | null): boolean =>
    columns.find((each) => each.name === column)?.nullable !== false;
  return {
    name,
    columns: parts.flatMap(({ column }) => column ?? []),
    unique,
    parts,
    included: [],
    condition: null,
    method: type,
    nullsDistinct: true,
    constraint: null,
    valid: true,
    definition: `CREATE ${unique ? 'UNIQUE ' : kind}INDEX ${quote(name)} ON ${qualified(table)} ${body}`,
    body,
    // Whole columns that are never NULL. MariaDB's unique texts without a length lie in a hash: they are in no order, and
    // sorting compares their beginnings only.
    usable:
      unique &&
      (name === 'PRIMARY' || type !== 'hash') &&
      parts.every(({ column, prefix }) => prefix === null && column !== null && !nullable(column)),
  };
}

export function indexesOf(
  table: TableName,
  rows: readonly CatalogRow[],
  of: TableColumns,
): readonly FoundIndex[] {
  const names = [...new Set(rows.map((row) => row['index'] ?? ''))];
  return names.map((name) =>
    indexOf(
      table,
      rows.filter((row) => row['index'] === name),
      of,
    ),
  );
}

const actionOf = (text: string | null | undefined): ForeignKeyAction =>
  FOREIGN_KEY_ACTIONS.find((each) => each === (text ?? '').toLowerCase()) ?? 'no action';

export function foreignKeysOf(
  rows: readonly CatalogRow[],
  rules: readonly CatalogRow[],
): readonly ForeignKeySchema[] {
  const names = [...new Set(rows.map((row) => row['name'] ?? ''))];
  return names.map((name) => {
    const parts = rows.filter((row) => row['name'] === name);
    const first = parts[0] as CatalogRow;
    const columns = parts.map((part) => part['column'] ?? '');
    const references = { schema: first['refSchema'] ?? '', name: first['refTable'] ?? '' };
    const referencedColumns = parts.map((part) => part['refColumn'] ?? '');
    const rule = rules.find((row) => row['name'] === name) ?? {};
    const actions = ` ON UPDATE ${rule['onUpdate']} ON DELETE ${rule['onDelete']}`;
    return {
      name,
      columns,
      references,
      referencedColumns,
      onUpdate: actionOf(rule['onUpdate']),
      onDelete: actionOf(rule['onDelete']),
      match: 'simple',
      checked: 'at-once',
      valid: true,
      definition: `FOREIGN KEY (${list(columns.map(quote))}) REFERENCES ${qualified(references)} (${list(referencedColumns.map(quote))})${actions}`,
    };
  });
}
