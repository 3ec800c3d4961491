import { isSluiceError, SluiceError } from '../model/sluice-error.ts';
import { type TableName, tableId } from '../model/table-name.ts';
import type { TableSchema } from '../model/table-schema.ts';
import type { Database } from './ports/dialect.ts';
import type { QueryToDescribe } from './ports/introspector.ts';
import type { SelectedTable } from './select-tables.ts';

const COMMENT = String.raw`--[^\n]*(?:\n|$)|/\*[\s\S]*?\*/`;
const FIRST_WORD = new RegExp(String.raw`^(?:\s|\(|${COMMENT})*(\w+)`);

/**
 * The statement as it stands in others: without semicolons at its end. Whether it is one statement, and one that reads, the
 * server says: this only looks at its first word.
 * @throws SluiceError config.invalid
 */
export function readQuery(table: TableName, text: string): string {
  const query = text.replace(/[\s;]+$/, '');
  const word = FIRST_WORD.exec(query)?.[1]?.toUpperCase();
  if (word === 'SELECT' || word === 'WITH') return query;
  throw new SluiceError('config.invalid', `the query of ${tableId(table)} is no SELECT`, {
    table: tableId(table),
    suggestion: 'a query begins with SELECT or WITH',
  });
}

/** What the columns of a query must be, whichever database described them. @throws SluiceError */
export function toQuerySchema(
  query: QueryToDescribe,
  { product, columns }: Pick<TableSchema, 'product' | 'columns'>,
): TableSchema {
  const table = tableId(query.table);
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new SluiceError('config.invalid', `two columns of the query ${table} are called "${twice}"`, {
      table,
      column: twice,
      suggestion: 'give one of them another name with AS',
    });
  const lost = query.key.find((name) => !names.includes(name));
  if (lost !== undefined)
    throw new SluiceError('source.column_not_found', `the query has no column "${lost}"`, {
      table,
      column: lost,
    });
  return {
    table: query.table,
    product,
    kind: 'table',
    parent: null,
    columns: columns.map((column) =>
      query.key.includes(column.name) ? { ...column, nullable: false } : column,
    ),
    primaryKey: query.key.length === 0 ? null : { name: 'key of the query', columns: query.key },
    uniqueKeys: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    comment: null,
    estimatedRows: null,
    estimatedBytes: null,
  };
}

/** Two rows of a query have one key, or a key is NULL: what such rows are read by would leave some of them out. */
export const badKey = (table: string, what: 'null' | 'double'): SluiceError =>
  new SluiceError(
    'source.value_rejected',
    what === 'null' ? 'a key of the query is NULL' : 'two rows of the query have the same key',
    { table, suggestion: 'name columns in "key" that tell all rows apart, or leave "key" out' },
  );

async function describeQuery(
  source: Database,
  { table, selection }: SelectedTable,
  signal: AbortSignal,
): Promise<TableSchema> {
  const { introspector, dialect } = source;
  if (!introspector.describeQuery)
    throw new SluiceError('config.invalid', `${dialect.name} cannot be read by a query`, {
      table: tableId(table),
    });
  const query = readQuery(table, selection.query ?? '');
  return introspector.describeQuery({ table, query, key: selection.key ?? [] }, signal);
}

/** Schemas of selected tables and queries by tableId; of a query that cannot be read, why. What is not there is left out. */
export async function describeSelected(
  source: Database,
  selected: readonly SelectedTable[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TableSchema | SluiceError>> {
  const isQuery = ({ selection }: SelectedTable): boolean => selection.query !== undefined;
  const tables = selected.filter((each) => !isQuery(each)).map(({ table }) => table);
  const described = await source.introspector.describeTables(tables, signal);
  const found = new Map<string, TableSchema | SluiceError>(
    described.map((schema) => [tableId(schema.table), schema]),
  );
  for (const each of selected.filter(isQuery)) {
    try {
      found.set(tableId(each.table), await describeQuery(source, each, signal));
    } catch (error) {
      if (!isSluiceError(error) || error.retry === 'auto') throw error;
      found.set(tableId(each.table), error);
    }
  }
  return found;
}
