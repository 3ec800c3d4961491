import type oracledb from 'oracledb';
import { rowTooLarge } from '../../../engine/reading/largest-row.ts';
import type { ReadOptions } from '../../../engine/ports/source-reader.ts';
import type { KeyRange } from '../../../model/lane.ts';
import type { Position, RowBlock } from '../../../model/row-block.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { FetchedCell, Session } from '../connections/session.ts';
import type { Side } from '../sql/checksum-sql.ts';
import { keyColumns, renderOrder, renderSource, renderWhere } from '../sql/keys.ts';
import { list, type Statement } from '../sql/names.ts';
import { parseType } from '../types/type-text.ts';
import { BlockFilling, escapeCell } from './block-filling.ts';
import { type CellKind, isBytes, lobPieces, pieces } from './cell-text.ts';
import { type CellShape, fetchRowsOf, shapeOf } from './row-shape.ts';

/** A row's cells as canonical text; null: NULL. A large object is still to be read. */
export type RowCell = readonly string[] | oracledb.Lob | null;

export interface RowReading {
  readonly statement: Statement;
  readonly shapes: readonly CellShape[];
  readonly kinds: readonly CellKind[];
  /** Whether the address of the row stands before its cells. */
  readonly addressed: boolean;
}

const kindOf = (column: ColumnPlan, side: Side): CellKind => ({
  kind: column.logical.kind,
  single:
    column.logical.kind === 'float32' ||
    (column.logical.kind === 'native' &&
      parseType(side === 'source' ? column.sourceType : column.targetType).base === 'BINARY_FLOAT'),
});

/** The columns of a plan on one side, selected as what the driver can carry. */
export function readingOf(
  plan: TablePlan,
  side: Side,
  parts: {
    readonly from: Statement;
    readonly where: Statement;
    readonly order: string | null;
    readonly mostRows?: number | undefined;
  },
): RowReading {
  const shapes = plan.columns.map((column) => shapeOf(column, side));
  const addressed = parts.order !== null && plan.position.kind !== 'key';
  const items = [
    ...(addressed ? [keyColumns(plan, 'source')[0]!.text] : []),
    ...shapes.flatMap((shape) => shape.items),
  ];
  const order = parts.order === null ? '' : ` ORDER BY ${parts.order}`;
  const most = parts.mostRows === undefined ? '' : ` FETCH FIRST ${parts.mostRows} ROWS ONLY`;
  return {
    statement: {
      text: `SELECT ${list(items)} FROM ${parts.from.text}${parts.where.text}${order}${most}`,
      binds: { ...parts.from.binds, ...parts.where.binds },
    },
    shapes,
    kinds: plan.columns.map((column) => kindOf(column, side)),
    addressed,
  };
}

interface ReadRequest {
  readonly plan: TablePlan;
  readonly range: KeyRange;
  readonly after: Position | null;
}

/** The statement that reads a range in position order. */
export const renderRead = (
  { plan, range, after }: ReadRequest,
  { snapshot, mostRows }: Pick<ReadOptions, 'snapshot' | 'mostRows'>,
): RowReading =>
  readingOf(plan, 'source', {
    from: renderSource(plan, snapshot),
    where: renderWhere(plan, 'source', { range, after }),
    order: renderOrder(plan),
    mostRows,
  });

/** Cells of one fetched row, in the order of the plan. */
function cellsOf({ shapes, kinds, addressed }: RowReading, row: readonly FetchedCell[]): readonly RowCell[] {
  let item = addressed ? 1 : 0;
  return shapes.map((shape, place) => {
    const first = row[item] ?? null;
    const second = shape.kind === 'inline-lob' ? (row[item + 1] ?? null) : null;
    item += shape.items.length;
    return pieces(first ?? second, kinds[place]!);
  });
}

const addressOf = ({ addressed }: RowReading, [first]: readonly FetchedCell[]): string | null =>
  addressed && typeof first === 'string' ? first : null;

export interface FetchedRow {
  readonly address: string | null;
  readonly cells: readonly RowCell[];
}

/** Rows as they come, never more of them in memory than were fetched at once. */
export async function* fetchRows(
  session: Session,
  reading: RowReading,
): AsyncGenerator<FetchedRow, void, undefined> {
  const size = fetchRowsOf(reading.shapes);
  const results = await session.open(reading.statement, size);
  try {
    for (;;) {
      const rows = await results.getRows(size);
      if (rows.length === 0) return;
      for (const row of rows) yield { address: addressOf(reading, row), cells: cellsOf(reading, row) };
    }
  } finally {
    await results.close();
  }
}

const isPieces = (cell: readonly string[] | oracledb.Lob): cell is readonly string[] => Array.isArray(cell);

/** The whole text of a cell; null: NULL. */
export async function textOfCell(cell: RowCell): Promise<string | null> {
  if (cell === null) return null;
  if (isPieces(cell)) return cell.join('');
  const texts: string[] = [];
  for await (const piece of lobPieces(cell)) texts.push(piece);
  cell.destroy();
  return texts.join('');
}

export async function writeCell(
  block: BlockFilling,
  cell: RowCell,
  most: { readonly bytes: number; readonly table: string },
): Promise<void> {
  if (cell === null) return block.write('\\N');
  if (isPieces(cell)) return block.write(escapeCell(cell.join('')));
  // Of letters there may be more bytes, never fewer.
  const rowBytes = block.rowBytes + cell.length * (isBytes(cell) ? 2 : 1);
  if (rowBytes > most.bytes) throw rowTooLarge(rowBytes, most.bytes, most.table);
  for await (const piece of lobPieces(cell)) {
    block.write(escapeCell(piece));
    if (block.rowBytes > most.bytes) throw rowTooLarge(block.rowBytes, most.bytes, most.table);
  }
  cell.destroy();
}

/** A range as blocks, cut at the first row end at or after the bytes or rows that are asked for. */
export async function* readBlocks(
  session: Session,
  request: ReadRequest,
  options: ReadOptions,
): AsyncGenerator<RowBlock, void, undefined> {
  const { plan } = request;
  const reading = renderRead(request, options);
  const most = { bytes: options.mostRowBytes, table: plan.id };
  const block = new BlockFilling(plan.id);
  const keys = plan.position.columns.length;
  for await (const { address, cells } of fetchRows(session, reading)) {
    for (const [place, cell] of cells.entries()) {
      if (place > 0) block.write('\t');
      await writeCell(block, cell, most);
    }
    const key = cells.slice(0, keys).map((cell) => (cell !== null && isPieces(cell) ? cell.join('') : ''));
    block.endRow(address === null ? key : [address]);
    if (block.bytes < options.blockBytes && block.rows < options.blockRows) continue;
    const full = block.take();
    if (full) yield full;
  }
  const rest = block.take();
  if (rest) yield rest;
}
