import type { ColumnWriting } from '../../../engine/ports/type-map.ts';
import { digitLimits, endOfSecond, type Limits } from '../../../model/limits.ts';
import type { LogicalKind, LogicalType } from '../../../model/logical-type.ts';
import { quote } from '../sql/names.ts';
import {
  LOAD_BOOLEAN,
  LOAD_DAY,
  LOAD_MOMENT,
  LOAD_NUMBER,
  LOAD_SECOND,
  LOAD_TIMESTAMP,
  LOAD_TRUTH,
  LOAD_UUID_BYTES,
  LOAD_ZONED,
} from './load-text.ts';
import { PRODUCT, reading, renderNative } from './reading.ts';
import {
  renderBoolean,
  renderDay,
  renderFixed,
  renderMoment,
  renderNumber,
  renderTimestamp,
  renderTruth,
  renderUuidBytes,
  renderWhole,
} from './render-text.ts';
import { argsOf, isNational, MOST_BYTES, parseType, sameType, type TypeText } from './type-text.ts';

interface How {
  readonly load?: string | null;
  readonly note?: string | null;
}
const exactly = (render: string, { load = null, note = null }: How = {}): ColumnWriting => ({
  load,
  render,
  exact: true,
  note,
});
const roughly = (render: string, note: string, load: string | null = null): ColumnWriting => ({
  load,
  render,
  exact: false,
  note,
});
/** What the column holds less of than its logical type has: what the policies go by. */
const within = (limits: Limits, known: ColumnWriting): ColumnWriting => ({ ...known, limits });

const NOT_A_NUMBER = 'NaN and infinities are refused';
const isNumber = ({ base }: TypeText): boolean => base === 'NUMBER' || base === 'FLOAT';

function writeInt(logical: LogicalType & { kind: 'int' }, to: TypeText, column: string) {
  if (to.base === 'BINARY_DOUBLE') return roughly(renderNumber(column), 'integers beyond 2^53 lose digits');
  if (!isNumber(to)) return null;
  const load = LOAD_NUMBER;
  if (to.base === 'FLOAT') return roughly(renderNumber(column), 'rounded to the digits that FLOAT has', load);
  const [precision, scale = 0] = to.args;
  const digits = { 8: 3, 16: 5, 32: 10, 64: logical.unsigned ? 20 : 19 }[logical.bits];
  if (precision === undefined) return exactly(renderWhole(column), { load });
  if (scale < 0)
    return roughly(renderNumber(column), `other numbers than of ${-scale} zeros are refused`, load);
  if (precision - scale >= digits) return exactly(renderWhole(column), { load });
  const known = roughly(renderNumber(column), 'values with more digits are refused', load);
  return precision < scale ? known : within(digitLimits(precision - scale), known);
}

function writeDecimal(logical: LogicalType & { kind: 'decimal' }, to: TypeText, column: string) {
  if (to.base === 'BINARY_DOUBLE') return roughly(renderNumber(column), 'decimals become binary fractions');
  if (!isNumber(to)) return null;
  const { precision, scale } = logical;
  const same = precision === null || scale === null ? null : renderScaled(column, precision, scale);
  if (to.base === 'FLOAT')
    return roughly(same ?? renderNumber(column), 'rounded to the digits that FLOAT has', LOAD_NUMBER);
  return to.args.length === 0
    ? writeAnyNumber(logical, same, column)
    : writeScaled(logical, { to, same }, column);
}

const ZEROS = 'zeros at the end of a fraction are not kept, more than 38 digits are refused';

function writeAnyNumber(
  { precision }: LogicalType & { kind: 'decimal' },
  same: string | null,
  column: string,
): ColumnWriting {
  if (same !== null && precision !== null && precision <= 38) return roughly(same, NOT_A_NUMBER, LOAD_NUMBER);
  return { ...roughly(renderNumber(column), `${ZEROS}; ${NOT_A_NUMBER}`, LOAD_NUMBER), dropsZeros: true };
}

/** A column of a precision of its own. What it would round is refused before (rows/bind-rows.ts). */
function writeScaled(
  { precision, scale }: LogicalType & { kind: 'decimal' },
  { to, same }: { readonly to: TypeText; readonly same: string | null },
  column: string,
): ColumnWriting {
  const [most = 38, places = 0] = to.args;
  const fits = precision !== null && scale !== null && places >= scale && most - places >= precision - scale;
  const note = fits
    ? NOT_A_NUMBER
    : `more than ${places} places, or ${most} digits, are refused; ${NOT_A_NUMBER}`;
  // The scale of the source is the one that is compared; where it has none, its zeros are not.
  const known: ColumnWriting =
    same === null
      ? { ...roughly(renderNumber(column), note, LOAD_NUMBER), dropsZeros: true }
      : roughly(same, note, LOAD_NUMBER);
  const renderFitted = renderScaled(column, most, places);
  if (renderFitted === null || places > most) return known;
  const digits = most - places;
  const limits = (kept: number): Limits => ({
    kind: 'decimal',
    digits,
    scale: kept,
    nan: false,
    infinity: false,
  });
  return fits ? within(limits(scale), known) : { ...within(limits(places), known), renderFitted };
}

function renderScaled(column: string, precision: number, scale: number): string | null {
  if (scale < 0) return null;
  return scale === 0 ? renderWhole(column) : renderFixed(column, precision, scale);
}

const MINUS_ZERO = 'minus zero becomes zero';

function writeFloat(kind: 'float32' | 'float64', to: TypeText, column: string) {
  if (to.base === 'BINARY_DOUBLE')
    return kind === 'float64'
      ? roughly(column, MINUS_ZERO)
      : roughly(`TO_BINARY_FLOAT(${column})`, MINUS_ZERO);
  if (to.base !== 'BINARY_FLOAT') return null;
  if (kind === 'float32') return roughly(column, MINUS_ZERO);
  return roughly(`TO_BINARY_DOUBLE(${column})`, `rounded to 24 bits; ${MINUS_ZERO}`);
}

function writeBoolean(to: TypeText, column: string) {
  if (to.base === 'BOOLEAN') return exactly(renderTruth(column), { load: LOAD_TRUTH });
  if (to.base !== 'NUMBER') return null;
  return exactly(renderBoolean(column), { load: LOAD_BOOLEAN, note: 'true is 1, false is 0' });
}

const NO_EMPTY =
  'the empty text becomes NULL, for Oracle has no other; refused where the column takes no NULL';

/** Letters that a column surely holds, of four bytes each; null: it holds no texts. */
function charsOf(to: TypeText): number | null {
  if (to.base === 'CLOB' || to.base === 'NCLOB') return Infinity;
  const most = MOST_BYTES[to.base];
  if (most === undefined || to.base === 'RAW') return null;
  const [length = 1] = to.args;
  if (to.base === 'NVARCHAR2' || to.base === 'NCHAR') return Math.floor(length / 2);
  return to.inChars ? Math.min(length, Math.floor(most / 4)) : Math.floor(length / 4);
}

const isPadded = ({ base }: TypeText): boolean => base === 'CHAR' || base === 'NCHAR';

function writeText(logical: LogicalType & { kind: 'text' }, to: TypeText, column: string) {
  const chars = charsOf(to);
  if (chars === null) return null;
  if (chars === Infinity) return exactly(column);
  const fits = logical.maxChars !== null && logical.maxChars <= chars;
  const [length = 1] = to.args;
  if (isPadded(to)) {
    const same = logical.padded === true && logical.maxChars === length && to.inChars;
    // Padded texts are never empty.
    if (same && fits) return exactly(column);
    return roughly(column, `filled up with blanks to ${length}, longer texts are refused; ${NO_EMPTY}`);
  }
  if (logical.padded === true && fits) return exactly(column);
  const known = roughly(
    column,
    `${fits ? '' : `texts longer than ${to.base} holds are refused; `}${NO_EMPTY}`,
  );
  // Of a column that counts bytes nobody can say where a text is to be cut.
  const counts = to.inChars && chars === length && logical.padded !== true;
  return counts ? within({ kind: 'text', maxChars: length, nul: true }, known) : known;
}

function writeBytes(logical: LogicalType & { kind: 'bytes' }, to: TypeText, column: string) {
  if (to.base === 'BLOB') return exactly(column);
  if (to.base !== 'RAW') return null;
  const [length = 0] = to.args;
  const fits = logical.maxBytes !== null && logical.maxBytes <= length;
  const longer = fits ? '' : `more than ${length} bytes are refused; `;
  return roughly(column, `${longer}no bytes at all become NULL; refused where the column takes no NULL`);
}

const OUT_OF_RANGE =
  'years before 4712 BC or after 9999, infinity, and days that Oracle has not, are refused';
const DAYS = ['4712-01-01', '9999-12-31'] as const;

function writeDate(to: TypeText, column: string) {
  if (to.base !== 'DATE' && to.base !== 'TIMESTAMP') return null;
  const limits: Limits = { kind: 'moment', from: `${DAYS[0]} BC`, upto: DAYS[1], digits: 0 };
  return within(limits, roughly(renderDay(column), OUT_OF_RANGE, LOAD_DAY));
}

const lostDigits = (precision: number, kept: number): string =>
  Math.min(precision, 9) > kept ? `; fractions of a second are rounded to ${kept} digits` : '';

const momentLimits = (kept: number, zone: string): Limits => ({
  kind: 'moment',
  from: `${DAYS[0]} 00:00:00${zone} BC`,
  upto: endOfSecond(`${DAYS[1]} 23:59:59`, kept) + zone,
  digits: kept,
});

function writeMoment(
  { kind, precision }: LogicalType & { kind: 'timestamp' | 'timestamptz' },
  to: TypeText,
  column: string,
) {
  const isLocal = to.base === 'TIMESTAMP WITH LOCAL TIME ZONE';
  const [kept = 6] = argsOf(to);
  const note = `${OUT_OF_RANGE}${lostDigits(precision, kept)}`;
  if (kind === 'timestamptz') {
    if (!isLocal && to.base !== 'TIMESTAMP WITH TIME ZONE') return null;
    const known = roughly(renderMoment(column, kept, isLocal), note, LOAD_MOMENT);
    return within(momentLimits(kept, '+00'), known);
  }
  if (to.base === 'DATE') {
    const refused = precision > 0 ? '; moments with a fraction of a second are refused' : '';
    const known = roughly(renderTimestamp(column, 0), `${OUT_OF_RANGE}${refused}`, LOAD_SECOND);
    return within(momentLimits(0, ''), known);
  }
  if (to.base !== 'TIMESTAMP') return null;
  return within(momentLimits(kept, ''), roughly(renderTimestamp(column, kept), note, LOAD_TIMESTAMP));
}

function writeUuid(to: TypeText, column: string) {
  if (to.base === 'RAW' && to.args[0] === 16)
    return exactly(renderUuidBytes(column), { load: LOAD_UUID_BYTES });
  const fixed = to.base === 'CHAR' && to.args[0] === 36;
  const wide = (to.base === 'VARCHAR2' || to.base === 'NVARCHAR2') && (to.args[0] ?? 0) >= 36;
  return fixed || wide ? exactly(column) : null;
}

/** What a column of the very same type takes. */
function writeNative(logical: LogicalType & { kind: 'native' }, to: TypeText, column: string) {
  const from = parseType(logical.type);
  if (logical.product !== PRODUCT || from.base !== to.base) return null;
  const render = renderNative(to, column);
  const load = NATIVE_LOADS[to.base] ?? null;
  return sameType(logical.type, typeOf(to))
    ? exactly(render, { load })
    : roughly(render, 'values that do not fit are refused or rounded', load);
}

const NATIVE_LOADS: Readonly<Record<string, string>> = {
  NUMBER: LOAD_NUMBER,
  FLOAT: LOAD_NUMBER,
  DATE: LOAD_SECOND,
  TIMESTAMP: LOAD_TIMESTAMP,
  'TIMESTAMP WITH TIME ZONE': LOAD_ZONED,
  'TIMESTAMP WITH LOCAL TIME ZONE': LOAD_MOMENT,
  'INTERVAL YEAR TO MONTH': 'TO_YMINTERVAL($value)',
  'INTERVAL DAY TO SECOND': 'TO_DSINTERVAL($value)',
  ROWID: 'CHARTOROWID($value)',
  UROWID: 'CHARTOROWID($value)',
};

/** A type text again, to be compared. */
function typeOf({ base, args, inChars }: TypeText): string {
  const unit = inChars && (base === 'VARCHAR2' || base === 'CHAR') ? ' CHAR' : '';
  return args.length === 0 ? base : `${base}(${args.join(',')}${unit})`;
}

type ByKind = {
  readonly [K in LogicalKind]: (
    logical: Extract<LogicalType, { kind: K }>,
    to: TypeText,
    column: string,
  ) => ColumnWriting | null;
};

const none = (): null => null;
const REWRITTEN = 'Oracle prints a document otherwise than it was written';
const writeDocument = (base: string, load: string) => (_: unknown, to: TypeText, column: string) => {
  if (to.base !== base) return null;
  const render = reading(columnOf(base))?.render.replace('"C"', () => column) ?? column;
  return roughly(render, REWRITTEN, load);
};
const columnOf = (type: string) =>
  ({ name: 'C', type, collation: null }) as unknown as Parameters<typeof reading>[0];

const WRITTEN: ByKind = {
  int: writeInt,
  decimal: writeDecimal,
  float64: ({ kind }, to, column) => writeFloat(kind, to, column),
  float32: ({ kind }, to, column) => writeFloat(kind, to, column),
  boolean: (_, to, column) => writeBoolean(to, column),
  text: writeText,
  bytes: writeBytes,
  date: (_, to, column) => writeDate(to, column),
  time: none,
  timestamp: writeMoment,
  timestamptz: writeMoment,
  interval: none,
  json: writeDocument('JSON', 'JSON($value)'),
  jsonb: writeDocument('JSON', 'JSON($value)'),
  xml: writeDocument('XMLTYPE', 'XMLTYPE($value)'),
  uuid: (_, to, column) => writeUuid(to, column),
  enum: none,
  bits: none,
  native: writeNative,
  any: none,
};

const writeByKind = WRITTEN as Readonly<
  Record<LogicalKind, (logical: LogicalType, to: TypeText, column: string) => ColumnWriting | null>
>;

/** Kinds whose text says all; of the others a reader must know what the text is of. */
const PLAIN_TEXTS: ReadonlySet<LogicalKind> = new Set(['enum', 'json', 'jsonb', 'xml', 'text']);

function asTextNote(logical: LogicalType): string | null {
  if (PLAIN_TEXTS.has(logical.kind)) return null;
  if (logical.kind === 'native') return `kept as the text of ${logical.type}`;
  if (logical.kind === 'any')
    return String.raw`each value is kept as text behind the letter of its storage class (i1, r1.5, ttext, b\x00): the column holds any`;
  return `kept as text, in the form of ${logical.kind}`;
}

/** Letters that a text of the kind has at most; null: as many as it likes. */
function lettersOf(logical: LogicalType): number | null {
  if (logical.kind === 'enum') return Math.max(0, ...logical.labels.map((label) => Array.from(label).length));
  if (logical.kind === 'bits') return logical.length;
  // The longest that PostgreSQL prints has some sixty letters.
  if (logical.kind === 'interval') return 100;
  return [
    'time',
    'date',
    'timestamp',
    'timestamptz',
    'int',
    'float32',
    'float64',
    'boolean',
    'uuid',
  ].includes(logical.kind)
    ? 40
    : null;
}

/** Letters of a text of the kind that the column surely holds: all but labels are written in ASCII. */
const roomOf = (to: TypeText, chars: number, { kind }: LogicalType): number =>
  kind === 'enum' || isNational(to.base) ? chars : (to.args[0] ?? chars);

const mayBeEmpty = (logical: LogicalType): boolean =>
  logical.kind === 'xml' ||
  (logical.kind === 'enum' && logical.labels.includes('')) ||
  (logical.kind === 'bits' && logical.varying);

export function writing(
  logical: LogicalType,
  target: { readonly name: string; readonly type: string },
): ColumnWriting | null {
  const column = quote(target.name);
  const to = parseType(target.type);
  const direct = writeByKind[logical.kind](logical, to, column);
  if (direct) return direct;
  const chars = charsOf(to);
  if (chars === null || isPadded(to)) return null;
  const note = asTextNote(logical);
  if (chars === Infinity) return exactly(column, { note });
  const letters = lettersOf(logical);
  const notes = [
    ...(letters !== null && letters <= roomOf(to, chars, logical)
      ? []
      : [`texts longer than ${to.base} holds are refused`]),
    ...(mayBeEmpty(logical) ? [NO_EMPTY] : []),
  ];
  if (notes.length === 0) return exactly(column, { note });
  return logical.kind === 'any'
    ? null
    : roughly(column, [...(note === null ? [] : [note]), ...notes].join('; '));
}
