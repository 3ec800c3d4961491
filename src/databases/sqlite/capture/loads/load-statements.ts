import type { LoadColumn } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import {
  type OrderedValue,
  renderBehind,
  renderUpTo,
} from '../../../../engine/driver/position-conditions.ts';
import { quote } from '../../sql.ts';
import { listed, messageKey, renderInserted, renderInsertedRows, where } from '../triggers/trigger-words.ts';
import type { TriggerSource } from '../triggers/trigger-source.ts';

/** A table as its rows are loaded. */
export interface LoadSource {
  readonly source: TriggerSource;
  readonly columns: readonly LoadColumn[];
  /** Beside the condition of the capture. */
  readonly where: string | null;
}

const NOW_ROW = 'sluice_now';
const cell = ({ column }: LoadColumn): string => `${NOW_ROW}.${quote(column.name)}`;

/** A position is made of SQL literals, which SQLite writes itself. Any value in any column: a text by its bytes, which need be no text, and without the affinity that a cast gives. */
const literalOf = (sql: string): string =>
  `CASE typeof(${sql}) WHEN 'text' THEN '+CAST(X''' || hex(CAST(${sql} AS BLOB)) || ''' AS TEXT)' ELSE quote(${sql}) END`;

const at = (columns: readonly LoadColumn[], position: LoadPosition): readonly OrderedValue[] =>
  columns.map((each, index) => ({
    column: cell(each),
    value: position[index] ?? 'NULL',
    descending: each.descending,
  }));

const order = (columns: readonly LoadColumn[]): string =>
  columns.map((each) => `${cell(each)}${each.descending ? ' DESC' : ''}`).join(', ');

const from = ({ source, columns }: LoadSource, after: LoadPosition | null): string =>
  ` FROM ${source.names.table} AS ${NOW_ROW} WHERE ${after === null ? '1' : renderBehind(at(columns, after), 'rows')}`;

/** The position of the last of so many rows behind another position; no row where there are fewer. */
export const renderBound = (load: LoadSource, after: LoadPosition | null, rows: number): string =>
  `SELECT ${load.columns.map((each) => literalOf(cell(each))).join(', ')}${from(load, after)} ORDER BY ${order(load.columns)} LIMIT 1 OFFSET ${Math.max(1, rows) - 1}`;

/** A row whose key is NULL in part, which SQLite allows and no order has. */
export const renderUnordered = ({ source, columns }: LoadSource): string =>
  `SELECT 1 FROM ${source.names.table} AS ${NOW_ROW} WHERE ${columns.map((each) => `${cell(each)} IS NULL`).join(' OR ')} LIMIT 1`;

/**
 * Events of a chunk, then their rows: the last id and the number of events tell the ids, for both statements read the same rows in the same
 * order, and nobody else writes.
 */
export function renderChunk(
  load: LoadSource,
  after: LoadPosition | null,
  upto: LoadPosition | null,
): { readonly events: string; readonly rows: (events: number, lastId: bigint) => string } {
  const { source, columns } = load;
  const end = upto === null ? '' : ` AND ${renderUpTo(at(columns, upto), 'rows')}`;
  const wanted = load.where === null ? '' : ` AND (\n${load.where}\n)`;
  const rest = `${from(load, after)}${end}${where(source)}${wanted}`;
  const by = order(columns);
  return {
    events: renderInserted(source, 'i', messageKey(source), `${rest} ORDER BY ${by}`),
    rows: (events, lastId) => {
      const place = `(${lastId - BigInt(events)} + row_number() OVER (ORDER BY ${by})) * 2 + 1`;
      return renderInsertedRows(source, [place, ...listed(source)], rest);
    },
  };
}
