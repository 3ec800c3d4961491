import { SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { ColumnSchema } from '../../../model/table-schema.ts';
import type { LoadOrder, WantedLoad } from '../../ports/initial-load.ts';

/** A column that rows of a load are put in order by. */
export interface LoadColumn {
  readonly column: ColumnSchema;
  readonly descending: boolean;
}

/** Why a column is none by which rows can be loaded; null: it is. */
function trouble(wanted: WantedLoad, name: string): string | null {
  const { columns, primaryKey, spec } = wanted.captured;
  const column = wanted.table.columns.find((each) => each.name === name);
  if (column === undefined) return 'is no column of it';
  if (column.nullable) return 'may be NULL';
  if (primaryKey.includes(name)) return null;
  // A row that is moved to where the load has been is told by its update, and by nothing else.
  if (!columns.includes(name)) return 'is not recorded';
  return spec.operations?.includes('update') === false
    ? 'is changed by updates, which are not recorded'
    : null;
}

/** @throws SluiceError capture.key_needed */
function refuseOdd(wanted: WantedLoad, odd: ColumnSchema | undefined): void {
  if (odd === undefined) return;
  const table = tableId(wanted.table.table);
  throw new SluiceError(
    'capture.key_needed',
    `existing rows of ${table} cannot be loaded in the order of "${odd.name}", which is of type ${odd.type}`,
    { table, column: odd.name },
  );
}

/**
 * The columns whose values tell how far a load is: those of the wanted order, and the primary key.
 * @param isOrdered  the database can say of a text of the column where it stands
 * @throws SluiceError capture.key_needed, config.invalid
 */
export function loadColumns(
  wanted: WantedLoad,
  isOrdered: (column: LoadColumn) => boolean = () => true,
): readonly LoadColumn[] {
  const { table, order, captured } = wanted;
  const id = tableId(table.table);
  if (table.primaryKey === null)
    throw new SluiceError(
      'capture.key_needed',
      'existing rows of a table without a primary key cannot be loaded: nothing would tell how far it is',
      { table: id, suggestion: 'leave it to a transfer with mode: changes' },
    );
  const named = new Set(order.map(({ column }) => column));
  for (const name of named) {
    const why = trouble(wanted, name);
    if (why !== null)
      throw new SluiceError('config.invalid', `${id} cannot be loaded in the order of "${name}": it ${why}`, {
        table: id,
        column: name,
      });
  }
  if (named.size < order.length)
    throw new SluiceError('config.invalid', `the order of ${id} names a column twice`, { table: id });
  const key = captured.primaryKey.filter((name) => !named.has(name));
  const all: readonly LoadOrder[] = [...order, ...key.map((column) => ({ column, descending: false }))];
  const columns = all.flatMap(({ column: name, descending }) => {
    const column = table.columns.find((each) => each.name === name);
    return column === undefined ? [] : [{ column, descending }];
  });
  refuseOdd(wanted, columns.find((each) => !isOrdered(each))?.column);
  return columns;
}

/** What a position means: with another one of these it is worth nothing. */
export const loadDefinition = (wanted: WantedLoad, columns: readonly LoadColumn[]): string =>
  JSON.stringify({
    where: wanted.where,
    order: columns.map(({ column, descending }) => [column.name, column.type, descending]),
  });
