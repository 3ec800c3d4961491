import type { LogicalKind } from '../../../model/logical-type.ts';
import type { ColumnPlan } from '../../../model/table-plan.ts';
import { list, quote } from './names.ts';

/** A cell of one side, as its canonical text. */
export interface RenderedCell {
  readonly render: string;
  readonly column: string;
  readonly kind: LogicalKind;
  /** Where a policy makes NULL of values. */
  readonly fitted: boolean;
}

export const cellOf = (column: ColumnPlan, side: 'source' | 'target'): RenderedCell => ({
  render: side === 'source' ? column.renderSource : column.renderTarget,
  column: quote(side === 'source' ? column.source : column.target),
  kind: column.logical.kind,
  fitted: side === 'source' && column.fit !== undefined,
});

const ASCII: ReadonlySet<LogicalKind> = new Set<LogicalKind>([
  ...(['int', 'decimal', 'float64', 'float32', 'boolean', 'bytes', 'date', 'time'] as const),
  ...(['timestamp', 'timestamptz', 'bits'] as const),
]);

/** As bytes of UTF-8, whatever charset and collation the column has: texts of two collations are not joined. */
const bytesOf = ({ render, kind }: RenderedCell): string =>
  ASCII.has(kind) ? render : `CAST(CONVERT(${render} USING utf8mb4) AS BINARY)`;

/** Zero dates may be read as NULL. */
const DATED: ReadonlySet<LogicalKind> = new Set<LogicalKind>(['date', 'timestamp', 'timestamptz']);

/** NULL only where the column is: the text of a large value may be longer than a server makes texts, and comes as NULL. */
const isNull = ({ render, column, kind, fitted }: RenderedCell): string =>
  `${fitted || DATED.has(kind) ? `(${render})` : column} IS NULL`;

/**
 * One row's text: per column `-;` for NULL, else octet length, colon, text, semicolon (docs/reference/checksum.md). NULL where
 * a text is longer than max_allowed_packet: whoever asks looks for that.
 */
export function renderRowText(cells: readonly RenderedCell[]): string {
  const texts = cells.map((cell) => {
    const bytes = bytesOf(cell);
    return `IF(${isNull(cell)}, '-;', CONCAT(OCTET_LENGTH(${bytes}), ':', ${bytes}, ';'))`;
  });
  // A literal of bytes among them makes the whole a text of bytes.
  return texts.length === 0 ? "''" : `CONCAT(X'', ${list(texts)})`;
}

const number = (text: string, from: number, digits: number): string =>
  `CAST(CONV(SUBSTR(${text}, ${from}, ${digits}), 16, 10) AS UNSIGNED)`;

/** count, sum of the first 8 bytes of MD5 as an unsigned number, and how many rows could not be written as text. */
export const renderChecksum = (from: string, where: string, rowText: string): string =>
  `SELECT COUNT(*), COALESCE(SUM(${number('d', 1, 16)}), 0), COALESCE(SUM(d IS NULL), 0) FROM (SELECT MD5(${rowText}) AS d FROM ${from}${where}) AS c`;

/** What tells the rows of one side apart, as SQL. */
export interface RowNaming {
  readonly from: string;
  readonly where: string;
  readonly keys: readonly RenderedCell[];
  readonly cells: readonly RenderedCell[];
  readonly buckets: number;
}

const nameOf = ({ keys, cells }: RowNaming): string => renderRowText(keys.length === 0 ? cells : keys);

/** Per bucket what renderChecksum gives of a range. */
export function renderBucketSums(naming: RowNaming): string {
  const inner = `SELECT MD5(${nameOf(naming)}) AS k, MD5(${renderRowText(naming.cells)}) AS d FROM ${naming.from}${naming.where}`;
  return `SELECT ${number('k', 1, 8)} & ${naming.buckets - 1} AS b, COUNT(*), COALESCE(SUM(${number('d', 1, 16)}), 0), COALESCE(SUM(d IS NULL OR k IS NULL), 0) FROM (${inner}) AS c GROUP BY b`;
}

/** MD5 of the whole row, then the cells of its name. @param which  condition of the rows */
export function renderDigests(naming: RowNaming, which: string): string {
  const keys = naming.keys.map(({ render }) => `COALESCE(${render}, '')`);
  const where = naming.where === '' ? ' WHERE' : `${naming.where} AND`;
  return `SELECT ${list([`MD5(${renderRowText(naming.cells)})`, ...keys])} FROM ${naming.from}${where} ${which}`;
}

export function renderRowDigests(naming: RowNaming, chosen: readonly number[]): string {
  const bucket = `${number(`MD5(${nameOf(naming)})`, 1, 8)} & ${naming.buckets - 1}`;
  return renderDigests(naming, `(${bucket}) IN (${list(chosen.map(String))})`);
}
