import { isUtf8 } from 'node:buffer';
import oracledb from 'oracledb';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import { isLob, isNational, MOST_BYTES, parseType } from '../types/type-text.ts';

/** What a bind carries: a text (of the national charset, or as a large object of its own), bytes, or a float. */
export type BindKind = 'text' | 'national' | 'clob' | 'bytes' | 'double' | 'float';
export type BindValue = string | Buffer | number | null;

export interface ColumnBind {
  readonly column: ColumnPlan;
  readonly kind: BindKind;
  readonly name: string;
  /** What the empty value of a large object is written as; of others null, for they have none. */
  readonly empty: string | null;
  /** A value that has no empty form: what is empty would become NULL. */
  readonly losesEmpty: boolean;
}

function kindOf({ load, targetType }: ColumnPlan): BindKind {
  const { base } = parseType(targetType);
  if (base === 'JSON' || base === 'XMLTYPE') return 'clob';
  if (load !== null) return 'text';
  if (base === 'RAW' || base === 'BLOB') return 'bytes';
  if (base === 'BINARY_DOUBLE') return 'double';
  if (base === 'BINARY_FLOAT') return 'float';
  return isNational(base) ? 'national' : 'text';
}

export const columnBinds = (plan: TablePlan): readonly ColumnBind[] =>
  plan.columns.map((column, place) => {
    const { base } = parseType(column.targetType);
    const empty = isLob(base) ? (base === 'BLOB' ? 'EMPTY_BLOB()' : `EMPTY_CLOB()`) : null;
    const losesEmpty = column.load === null && MOST_BYTES[base] !== undefined;
    return { column, kind: kindOf(column), name: `c${place}`, empty, losesEmpty };
  });

export interface BindContext {
  readonly table: string;
  readonly charset: string;
  readonly emptyText: 'null' | 'refuse';
}

const rejected = (message: string, { column }: ColumnBind, { table }: BindContext, suggestion?: string) =>
  new SluiceError('target.value_rejected', message, {
    table,
    column: column.target,
    ...(suggestion === undefined ? {} : { suggestion }),
  });

/** Letters that a charset surely has; a database would put a question mark for the others. */
function lacks(charset: string, text: string): boolean {
  if (charset === 'AL32UTF8' || charset === 'UTF8') return false;
  const latin = charset === 'WE8ISO8859P1' || charset === 'WE8MSWIN1252';
  // oxlint-disable-next-line no-control-regex -- all of ASCII
  return latin ? /[^\x00-\x7f\xa0-\xff]/.test(text) : /[^\x00-\x7f]/.test(text);
}

function emptyValue(bind: ColumnBind, context: BindContext): null {
  // Invariant 7: nothing becomes NULL but where the plan says so.
  if (context.emptyText === 'null' && bind.column.nullable) return null;
  throw rejected(
    'the empty text would become NULL',
    bind,
    context,
    bind.column.nullable
      ? 'set emptyText: null for the connection'
      : 'leave the column out with columns.exclude',
  );
}

function floatOf(text: string, bind: ColumnBind, context: BindContext): number {
  const value = Number(text);
  const isOne = text !== '' && (!Number.isNaN(value) || text === 'NaN');
  const fits = bind.kind === 'double' || !Number.isFinite(value) || Number.isFinite(Math.fround(value));
  if (!isOne || !fits) throw rejected('a value is no floating-point number of the column', bind, context);
  return value;
}

/** Days that are in no calendar of Oracle, which writes others for them. */
const NO_DAY = /^1582-10-(?:0[5-9]|1[0-4])(?!.*BC)/;

/** Of more digits, or more places, the last would be rounded without a word. */
function tooLong(text: string): boolean {
  const digits = text.replaceAll(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return digits.length > 38 || text.length > 128;
}

/** Of a number with more places than the column has, the last would be rounded; with a negative scale the last before the point. */
function isRounded(text: string, [precision, scale = 0]: readonly number[]): boolean {
  if (precision === undefined) return false;
  const [whole = '', fraction = ''] = text.replace(/^-/, '').split('.');
  if (/[^0]/.test(fraction.slice(Math.max(scale, 0)))) return true;
  return scale < 0 && /[^0]/.test(whole.slice(scale));
}

/** Invariant 7: what the server would change is refused before it has it. */
function refuseChanged(text: string, bind: ColumnBind, context: BindContext): void {
  const { base, args } = parseType(bind.column.targetType);
  if ((base === 'NUMBER' || base === 'FLOAT') && tooLong(text))
    throw rejected('a number has more digits than Oracle keeps', bind, context);
  if (base === 'NUMBER' && isRounded(text, args))
    throw rejected('a number has more places than the column, which would round it', bind, context);
  if ((base === 'DATE' || base.startsWith('TIMESTAMP')) && NO_DAY.test(text))
    throw rejected('a day is in no calendar of Oracle, which goes from 4 to 15 October 1582', bind, context);
}

/** What is bound for a cell; `undefined`: the empty value of a large object, which no bind can carry. */
export function bindValue(
  text: string | null,
  bind: ColumnBind,
  context: BindContext,
): BindValue | undefined {
  if (text === null) return null;
  const isEmpty = text === '' || (bind.kind === 'bytes' && text === '\\x');
  if (isEmpty && bind.empty !== null) return undefined;
  if (isEmpty && bind.losesEmpty) return emptyValue(bind, context);
  if (bind.kind === 'bytes') {
    if (!/^\\x(?:[0-9a-f]{2})*$/.test(text)) throw rejected('a value is no bytes', bind, context);
    return Buffer.from(text.slice(2), 'hex');
  }
  if (bind.kind === 'double' || bind.kind === 'float') return floatOf(text, bind, context);
  if (bind.column.load !== null) refuseChanged(text, bind, context);
  if (bind.kind !== 'national' && lacks(context.charset, text))
    throw rejected(`the character set ${context.charset} lacks a letter of a text`, bind, context);
  return text;
}

const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', n: '\n', r: '\r', t: '\t', f: '\f', v: '\v' };

/** A cell of text-rows as its canonical text; null: NULL. */
export function decodeCell(cell: string): string | null {
  if (cell === '\\N') return null;
  return cell.includes('\\')
    ? cell.replace(/\\([\s\S])/g, (_, char: string) => UNESCAPED[char] ?? char)
    : cell;
}

/** The rows of a block as cells. @throws SluiceError target.value_rejected for a text that is no UTF-8 */
export function* decodeRows(data: Buffer, table: string): Generator<(string | null)[], void, undefined> {
  // Invariant 7: what is no UTF-8 would be changed in becoming a text.
  if (!isUtf8(data)) throw new SluiceError('target.value_rejected', 'a text is not UTF-8', { table });
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf(0x0a, at);
    yield data.toString('utf8', at, end).split('\t').map(decodeCell);
    at = end + 1;
  }
}

const TYPES: Readonly<Record<BindKind, oracledb.DbType>> = {
  text: oracledb.DB_TYPE_VARCHAR,
  national: oracledb.DB_TYPE_NVARCHAR,
  clob: oracledb.DB_TYPE_CLOB,
  bytes: oracledb.DB_TYPE_RAW,
  double: oracledb.DB_TYPE_BINARY_DOUBLE,
  float: oracledb.DB_TYPE_BINARY_FLOAT,
};

const sizeOf = (value: BindValue | undefined): number =>
  typeof value === 'string' ? Buffer.byteLength(value) : Buffer.isBuffer(value) ? value.length : 0;

/** How the rows' values are bound: no larger than the largest of them. */
export function bindDefinitions(
  binds: readonly ColumnBind[],
  rows: readonly Readonly<Record<string, BindValue>>[],
): Record<string, oracledb.BindDefinition> {
  return Object.fromEntries(
    binds.map(({ name, kind }) => {
      const sized = kind !== 'double' && kind !== 'float' && kind !== 'clob';
      const maxSize = sized ? rows.reduce((most, row) => Math.max(most, sizeOf(row[name])), 1) : 0;
      return [name, { type: TYPES[kind], ...(sized ? { maxSize } : {}) }];
    }),
  );
}
