import type { ColumnPlan } from '../../../model/table-plan.ts';
import type { Side } from '../sql/checksum-sql.ts';
import { quote } from '../sql/names.ts';
import { argsOf, isLob, MOST_BYTES, parseType } from '../types/type-text.ts';

/** How a column is selected, and in how many items of the select list. */
export interface CellShape {
  readonly items: readonly string[];
  /** `inline-lob`: a small one is in the first item, a large or empty one is the second. */
  readonly kind: 'value' | 'inline-lob' | 'lob';
  /** Bytes that a row of it may take before its large objects are asked for. */
  readonly mostBytes: number;
}

/** Letters that surely fit into a VARCHAR2, and bytes into a RAW. */
const INLINE_LETTERS = 1_000;
const INLINE_BYTES = 2_000;

/**
 * A large object costs a round trip at least: small ones come with their row. An empty one is no NULL, but a piece of it would
 * be one.
 */
export function inlineLob(column: string, base: string): CellShape {
  const most = base === 'BLOB' ? INLINE_BYTES : INLINE_LETTERS;
  const length = `DBMS_LOB.GETLENGTH(${column})`;
  return {
    items: [
      `CASE WHEN ${length} BETWEEN 1 AND ${most} THEN DBMS_LOB.SUBSTR(${column}, ${most}, 1) END`,
      `CASE WHEN ${length} NOT BETWEEN 1 AND ${most} THEN ${column} END`,
    ],
    kind: 'inline-lob',
    mostBytes: MOST_BYTES['VARCHAR2']!,
  };
}

export function shapeOf(column: ColumnPlan, side: Side): CellShape {
  const [name, type, render] =
    side === 'source'
      ? [column.source, column.sourceType, column.select]
      : [column.target, column.targetType, column.renderTarget];
  const parsed = parseType(type);
  const [length = 1] = argsOf(parsed);
  if (parsed.base === 'JSON' || parsed.base === 'XMLTYPE')
    return { items: [render], kind: 'lob', mostBytes: 100 };
  if (render === quote(name) && isLob(parsed.base)) return inlineLob(render, parsed.base);
  const bytes = MOST_BYTES[parsed.base];
  const mostBytes = bytes === undefined ? 64 : Math.min(parsed.inChars ? 4 * length : length, 32_767);
  return { items: [render], kind: 'value', mostBytes };
}

const FETCHED_BYTES = 4 * 1024 * 1024;
const FEWEST_ROWS = 2;
const MOST_ROWS = 1_000;

/** Rows that the driver may hold at once, as large as they can be. */
export function fetchRowsOf(shapes: readonly CellShape[]): number {
  const rowBytes = shapes.reduce((sum, { mostBytes }) => sum + mostBytes, 1);
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, Math.floor(FETCHED_BYTES / rowBytes)));
}
