import type { RangeChecksum } from '../../../engine/ports/source-reader.ts';
import type { KeyRange } from '../../../model/lane.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Cells, Session } from '../connections/session.ts';
import { renderChecksum, type Side, type SqlCell, sqlCells } from '../sql/checksum-sql.ts';
import { renderSelected, renderWhere } from '../sql/keys.ts';
import { qualified, type Statement } from '../sql/names.ts';
import { checksumOfRows } from './hash-rows.ts';
import { readingOf, type RowReading } from './read-rows.ts';

/** What is compared of one side of a table. */
export interface Compared {
  readonly plan: TablePlan;
  readonly side: Side;
  /** Null: the whole table. */
  readonly range: KeyRange | null;
}

export const fromOf = ({ plan, side }: Compared): string =>
  qualified(side === 'source' ? plan.source : plan.target);

export const whereOf = ({ plan, side, range }: Compared): Statement =>
  side === 'source' ? renderSelected(plan, range) : renderWhere(plan, side, { range, after: null });

/** Only a database of Unicode has the bytes that are hashed. */
export const inSql = (session: Session, { plan, side }: Compared): readonly SqlCell[] | null =>
  session.facts.charset === 'AL32UTF8' ? sqlCells(plan.columns, side) : null;

export const readingToCompare = (compared: Compared): RowReading =>
  readingOf(compared.plan, compared.side, {
    from: { text: fromOf(compared), binds: {} },
    where: whereOf(compared),
    order: null,
  });

export const sumsOf = (cells: Cells): RangeChecksum => ({
  rows: BigInt(cells[0] ?? 0),
  sum: BigInt.asUintN(64, BigInt(cells[1] ?? 0)),
});

/** In SQL where the server makes a text of a row; else the rows are read and hashed here. */
export async function checksum(session: Session, compared: Compared): Promise<RangeChecksum> {
  const cells = inSql(session, compared);
  if (cells === null) return checksumOfRows(session, readingToCompare(compared));
  const where = whereOf(compared);
  const text = renderChecksum({ from: fromOf(compared), where: where.text, cells });
  const { rows } = await session.query(text, where.binds);
  return sumsOf(rows[0] ?? []);
}
