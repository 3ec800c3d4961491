import type { ReadOptions } from '../../../engine/ports/source-reader.ts';
import type { KeyRange } from '../../../model/lane.ts';
import type { Position } from '../../../model/row-block.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import { renderKeyOrder, renderSourceWhere } from '../sql/keys.ts';
import { list, literal, quote } from '../sql/names.ts';
import { renderFrom, renderRowHash } from '../sql/source-sql.ts';
import type { Session } from '../connections/session.ts';
import { renderDated } from '../types/reading.ts';
import { renderBytes, renderFraction } from '../types/render-text.ts';
import type { CellKind } from './encode-row.ts';
import { ReadRows } from './read-rows.ts';

interface Cell {
  readonly select: string;
  readonly kind: CellKind;
}

/**
 * What the server sends of a column, and what is made of it here. Bytes are sent as they are, half as long as their digits, and
 * the last zeros of a fraction are cut here; whatever else the plan says the server does, but for a question about zero dates
 * whose answer is no.
 */
function cellFor(column: ColumnPlan, nullsZeroDates: boolean): Cell {
  const name = quote(column.source);
  const { logical } = column;
  const select = nullsZeroDates ? column.select : column.select.replaceAll(renderDated(name), () => name);
  if (select === renderBytes(name)) return { select: name, kind: 'bytes' };
  if (select === renderFraction(name, 1)) return { select: name, kind: 'fraction' };
  const inner = /^CONCAT\((.*), '\+00'\)$/s.exec(select)?.[1];
  if (logical.kind === 'timestamptz' && inner !== undefined) {
    const bare = unfraction(inner);
    return { select: bare, kind: 'moment' };
  }
  if (logical.kind === 'timestamp' || logical.kind === 'time')
    return { select: unfraction(select), kind: 'fraction' };
  const plain = ['int', 'decimal', 'float64', 'boolean', 'date', 'bits', 'uuid'].includes(logical.kind);
  return { select, kind: plain ? 'plain' : 'text' };
}

/** The expression under renderFraction, where it is one. */
function unfraction(render: string): string {
  const inner = /^TRIM\(TRAILING '\.' FROM TRIM\(TRAILING '0' FROM CAST\((.*) AS CHAR\)\)\)$/s.exec(
    render,
  )?.[1];
  return inner ?? render;
}

const HASH_LENGTH = 32;

interface ReadRequest {
  readonly plan: TablePlan;
  readonly range: KeyRange;
  readonly after: Position | null;
}

/**
 * Rows of a table without a key come in the order of a hash of all that is copied of them: rows with the same hash are the
 * same, so that a count among them says which were read, whoever reads on.
 */
function renderByHash(plan: TablePlan, selects: readonly string[], after: Position | null): string {
  const hash = renderRowHash(plan);
  const beyond = after === null ? [] : [`${hash} >= ${literal(after[0] ?? '')}`];
  const where = renderSourceWhere(plan, { range: null, after: null }, beyond);
  return `SELECT ${list([`LPAD(${hash}, ${HASH_LENGTH}, '0') AS sluice_hash`, ...selects])} FROM ${renderFrom(plan)}${where} ORDER BY sluice_hash`;
}

/** The statement that reads a range in a session, and how its rows are cut. */
export function openRead(
  { plan, range, after }: ReadRequest,
  options: ReadOptions,
  { nullsZeroDates }: Pick<Session, 'nullsZeroDates'>,
): ReadRows {
  const cells = plan.columns.map((column) => cellFor(column, nullsZeroDates));
  const selects = cells.map(({ select }) => select);
  const byKey = plan.position.kind === 'key';
  // Of the rows with the hash that was read last, some were read.
  const skipped = byKey || after === null ? 0 : Number(after[1]);
  const limit = options.mostRows === undefined ? '' : ` LIMIT ${options.mostRows + skipped}`;
  const text = byKey
    ? `SELECT ${list(selects)} FROM ${renderFrom(plan)}${renderSourceWhere(plan, { range, after })} ORDER BY ${renderKeyOrder(plan)}`
    : renderByHash(plan, selects, after);
  return new ReadRows(`${text}${limit}`, {
    kinds: cells.map(({ kind }) => kind),
    positionCells: byKey ? plan.position.columns.length : null,
    after: byKey || after === null ? null : { hash: after[0] ?? '', count: Number(after[1]) },
    blockBytes: options.blockBytes,
    blockRows: options.blockRows,
    mostRowBytes: options.mostRowBytes,
  });
}
