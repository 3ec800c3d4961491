import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import type { Database } from '../ports/dialect.ts';
import type { QueryToDescribe } from '../ports/introspector.ts';
import type { SnapshotRef, SourceReader } from '../ports/source-reader.ts';
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

/** The rows of a query without a key are told apart by nothing, and may be others each time: they are read in one go. */
export const isReadInOne = ({ query, position }: TablePlan): boolean =>
  query !== undefined && position.kind === 'row-address';

/** @throws SluiceError source.query_interrupted when a part of such a query is copied already */
export function refuseToReadOn(plan: TablePlan, { position }: { readonly position: Position | null }): void {
  if (position === null || !isReadInOne(plan)) return;
  throw new SluiceError('source.query_interrupted', 'the query has no key and was interrupted', {
    table: plan.id,
    suggestion: 'name columns in "key" that tell all rows apart, so that reading goes on where it was',
  });
}

/** The key of a query was looked through when it was planned; a row that came later may have the same as another. */
const doubledSince = (table: string): SluiceError =>
  new SluiceError('source.value_rejected', 'two rows of the query have the same key by now', {
    table,
    suggestion: 'mend the key of one of them, then copy the table again with sluice table resnapshot',
  });

const isKeyedQuery = ({ query, position }: TablePlan): boolean =>
  query !== undefined && position.kind === 'key';

/** @throws SluiceError source.value_rejected when a block begins with the key that was read before it */
export function refuseSameKey(plan: TablePlan, before: Position | null, { first }: RowBlock): void {
  if (before === null || !isKeyedQuery(plan)) return;
  if (first.every((text, at) => text === before[at])) throw doubledSince(plan.id);
}

/**
 * Reading goes on behind the last key: a second row with that key would be passed over without a word.
 * @throws SluiceError source.value_rejected
 */
export async function refuseSecondRow(
  reader: SourceReader,
  plan: TablePlan,
  at: { readonly after: Position | null; readonly snapshot: SnapshotRef | null },
  signal: AbortSignal,
): Promise<void> {
  const { after, snapshot } = at;
  if (after === null || !isKeyedQuery(plan)) return;
  if (!reader.rowsAt) throw new SluiceError('internal', 'this database reads no queries', { table: plan.id });
  if ((await reader.rowsAt(plan, { position: after, snapshot }, signal)) > 1n) throw doubledSince(plan.id);
}

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
