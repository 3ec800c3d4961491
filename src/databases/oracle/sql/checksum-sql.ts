import type { ColumnPlan } from '../../../model/table-plan.ts';
import { renderRaw } from '../types/render-text.ts';
import { argsOf, MOST_BYTES, parseType } from '../types/type-text.ts';
import { list, quote } from './names.ts';

/** A cell of one side as its canonical text in SQL, and how many bytes of UTF-8 it has at most. */
export interface SqlCell {
  readonly text: string;
  readonly mostBytes: number;
}

export type Side = 'source' | 'target';

/** What a server joins to one text. */
const MOST_TEXT_BYTES = 4_000;
/** Of a number with all its zeros, the longest of what is no text. */
const LONGEST_OTHER = 180;

/** @returns null where the text is not made in SQL: floats and large objects are told apart here alone */
export function sqlCell(column: ColumnPlan, side: Side): SqlCell | null {
  const [name, type, render] =
    side === 'source'
      ? [column.source, column.sourceType, column.renderSource]
      : [column.target, column.targetType, column.renderTarget];
  const parsed = parseType(type);
  const [length = 1] = argsOf(parsed);
  // What a policy makes of a text may be as long as the text.
  if (side === 'source' && column.fit && column.logical.kind === 'text') return null;
  if (render !== quote(name)) {
    const isOne = !['JSON', 'XMLTYPE', 'BINARY_DOUBLE', 'BINARY_FLOAT'].includes(parsed.base);
    return isOne ? { text: render, mostBytes: LONGEST_OTHER } : null;
  }
  switch (parsed.base) {
    case 'RAW':
      return { text: renderRaw(render), mostBytes: 2 + 2 * length };
    case 'VARCHAR2':
    case 'CHAR':
      return {
        text: render,
        mostBytes: parsed.inChars ? Math.min(4 * length, MOST_BYTES[parsed.base]!) : length,
      };
    case 'NVARCHAR2':
    case 'NCHAR':
      return { text: `TO_CHAR(${render})`, mostBytes: 4 * length };
    default:
      return null;
  }
}

/** Cells of a row whose text the server surely makes; null: rows are read, and hashed here. */
export function sqlCells(columns: readonly ColumnPlan[], side: Side): readonly SqlCell[] | null {
  const cells = columns.map((column) => sqlCell(column, side));
  const known = cells.filter((cell) => cell !== null);
  // Each cell has its length before it, a colon and a semicolon.
  const bytes = known.reduce((sum, { mostBytes }) => sum + mostBytes + 6, 0);
  return known.length === cells.length && bytes <= MOST_TEXT_BYTES ? known : null;
}

const named = (place: number): string => `V${place}`;

/** One row's text: per column `-;` for NULL, else length in bytes, colon, text, semicolon (docs/reference/checksum.md). */
const rowText = (names: readonly string[]): string =>
  names
    .map((name) => `CASE WHEN ${name} IS NULL THEN '-;' ELSE LENGTHB(${name}) || ':' || ${name} || ';' END`)
    .join(' || ');

const hex = (text: string): string => `RAWTOHEX(STANDARD_HASH(${text}, 'MD5'))`;
const number = (digits: string, count: number): string =>
  `TO_NUMBER(SUBSTR(${digits}, 1, ${count}), '${'X'.repeat(count)}')`;
const sum = (digits: string): string =>
  `TO_CHAR(MOD(NVL(SUM(${number(digits, 16)}), 0), 18446744073709551616), 'TM9')`;

/** Rows of one side as texts, and what names them. */
export interface RowNaming {
  readonly from: string;
  readonly where: string;
  readonly cells: readonly SqlCell[];
  /** Places of the cells that name a row; none: its own text does. */
  readonly keys: readonly number[];
  readonly buckets: number;
}

const texts = ({ from, where, cells }: Pick<RowNaming, 'from' | 'where' | 'cells'>): string =>
  `(SELECT ${list(cells.map(({ text }, place) => `${text} AS ${named(place)}`))} FROM ${from}${where})`;

/** count, and sum modulo 2^64 of the first 8 bytes of MD5 as an unsigned number. */
export const renderChecksum = (naming: Pick<RowNaming, 'from' | 'where' | 'cells'>): string =>
  `SELECT TO_CHAR(COUNT(*), 'TM9'), ${sum('D')} FROM (SELECT ${hex(rowText(naming.cells.map((_, place) => named(place))))} AS D FROM ${texts(naming)})`;

/** MD5 of the name as N, of the row as D, and the cells of the name. */
function digests(naming: RowNaming): string {
  const all = naming.cells.map((_, place) => named(place));
  const keys = naming.keys.map(named);
  const columns = [
    `${hex(rowText(keys.length === 0 ? all : keys))} AS N`,
    `${hex(rowText(all))} AS D`,
    ...keys,
  ];
  return `(SELECT ${list(columns)} FROM ${texts(naming)})`;
}

/** Per bucket what renderChecksum gives of a range. */
export function renderBucketSums(naming: RowNaming): string {
  const bucket = `MOD(${number('N', 8)}, ${naming.buckets})`;
  return `SELECT TO_CHAR(${bucket}, 'TM9'), TO_CHAR(COUNT(*), 'TM9'), ${sum('D')} FROM ${digests(naming)} GROUP BY ${bucket}`;
}

/** MD5 of the whole row, then the cells of its name. */
export function renderRowDigests(naming: RowNaming, chosen: readonly number[]): string {
  // A list takes 1,000 members.
  const lists: string[] = [];
  for (let at = 0; at < chosen.length; at += 1_000)
    lists.push(
      `MOD(${number('N', 8)}, ${naming.buckets}) IN (${list(chosen.slice(at, at + 1_000).map(String))})`,
    );
  const among = lists.length === 0 ? '1 = 0' : lists.join(' OR ');
  return `SELECT ${list(['LOWER(D)', ...naming.keys.map(named)])} FROM ${digests(naming)} WHERE ${among}`;
}
