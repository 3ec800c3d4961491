import { fitText } from '../../../engine/driver/fit-text.ts';
import type { FittingPolicy, Limits } from '../../../model/limits.ts';
import type { LogicalKind, LogicalType } from '../../../model/logical-type.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Affinity } from './affinity.ts';
import { float32Text, float64Text, plainDecimal } from '../../../engine/driver/float-text.ts';
import { type StoredValue, storageClass } from './stored-value.ts';
import { dateText, timestampText, timestamptzText, timeText } from './temporal-text.ts';

/** A column as the thread knows it. */
export interface ThreadColumn {
  readonly name: string;
  readonly logical: LogicalType;
  readonly affinity: Affinity;
  /** Of a source that is copied as text whatever its type: numbers as their digits. */
  readonly asText?: boolean;
  /** Of a source whose target has zeros of its own behind the point. */
  readonly dropsZeros?: boolean;
  /** Of a source under a policy: what its values are made to fit. */
  readonly fit?: { readonly limits: Limits | null; readonly policy: FittingPolicy };
  /** Counts the values that are altered, where somebody asks. */
  readonly tally?: { rows: number };
}

/** Makes the canonical text of a value that is not NULL; null where the value does not fit the logical type. */
type Render = (value: Exclude<StoredValue, null>) => string | null;

/** V8 makes no longer strings than about 2^29; a blob has two digits a byte. */
const MAX_BLOB_BYTES = 250 * 1024 * 1024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const onlyText =
  (render: (text: string) => string | null): Render =>
  (value) =>
    typeof value === 'string' ? render(value) : null;

const blobText = (value: Buffer): string | null =>
  value.length > MAX_BLOB_BYTES ? null : `\\x${value.toString('hex')}`;

/** Canonical form of decimal digits, with the column's scale; null where more digits than the scale stand there. */
function decimalText(text: string, scale: number | null): string | null {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return text;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!match || (match[2] === '' && (match[3] ?? '') === '')) return null;
  const whole = (match[2] as string).replace(/^0+(?=\d)/, '') || '0';
  let fraction = match[3] ?? '';
  if (scale !== null) {
    if (fraction.length > scale) {
      if (!/^0*$/.test(fraction.slice(scale))) return null;
      fraction = fraction.slice(0, scale);
    }
    fraction = fraction.padEnd(scale, '0');
  }
  const digits = fraction === '' ? whole : `${whole}.${fraction}`;
  return match[1] === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

const decimal = (declared: number | null): Render => {
  const scale = declared === null ? null : Math.max(declared, 0);
  return (value) => {
    if (typeof value === 'string') return decimalText(value, scale);
    if (typeof value === 'bigint') return decimalText(String(value), scale);
    if (typeof value !== 'number') return null;
    return decimalText(Number.isFinite(value) ? plainDecimal(value) : String(value), scale);
  };
};

/** NaN is kept as the text `NaN`, for SQLite makes NULL of the number. */
const float64: Render = (value) => {
  if (typeof value === 'number') return float64Text(value);
  if (typeof value === 'bigint') return BigInt(Number(value)) === value ? float64Text(Number(value)) : null;
  return value === 'NaN' ? value : null;
};

const float32: Render = (value) => {
  if (typeof value === 'bigint') return float32(Number(value));
  if (typeof value !== 'number') return value === 'NaN' ? value : null;
  const text = float32Text(Math.fround(value));
  return Number(text) === value || Math.fround(value) === value ? text : null;
};

/** PostgreSQL cuts blanks beyond varchar(n) without a word, so such a text is refused here. */
const text = (maxChars: number | null): Render =>
  onlyText((value) => {
    if (maxChars === null || value.length <= maxChars) return value;
    const chars = Array.from(value);
    return chars.length > maxChars && chars.slice(maxChars).every((char) => char === ' ') ? null : value;
  });

/** A document that is a bare number stands as a number in columns of NUMERIC affinity. */
const document: Render = (value) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
};

const any: Render = (value) => {
  if (typeof value === 'bigint') return `i${value}`;
  if (typeof value === 'number') return `r${float64Text(value)}`;
  if (typeof value === 'string') return `t${value}`;
  const hex = blobText(value);
  return hex === null ? null : `b${hex}`;
};

/** A text or a number as its text. */
const scalar: Render = (value) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' ? float64Text(value) : null;
};

const asItIs = onlyText((value) => value);

/** As PostgreSQL prints it: every other spelling would be another text there. */
const DURATION =
  /^P(?:(?:-?[1-9]\d*Y)?(?:-?(?:[1-9]|1[01])M)?(?:-?[1-9]\d*D)?(?:T(?=.)(?:-?[1-9]\d*H)?(?:-?[1-5]?\d?M)?(?:-?[1-5]?\d(?:\.\d{0,5}[1-9])?S)?)?)$/;
const durationText = (value: string): string | null =>
  value === 'PT0S' || (DURATION.test(value) && value !== 'P' && !/(?<![\d.])-?0[MS]/.test(value))
    ? value
    : null;

const bits = (length: number | null, varying: boolean): Render =>
  onlyText((value) => {
    const fits = length === null || (varying ? value.length <= length : value.length === length);
    return fits && /^[01]*$/.test(value) ? value : null;
  });

const RENDERS: { readonly [K in LogicalKind]: (logical: Extract<LogicalType, { kind: K }>) => Render } = {
  int: () => (value) => (typeof value === 'bigint' ? String(value) : null),
  decimal: ({ scale }) => decimal(scale),
  float64: () => float64,
  float32: () => float32,
  boolean: () => (value) => (value === 1n ? 't' : value === 0n ? 'f' : null),
  text: ({ maxChars }) => text(maxChars),
  bytes: () => (value) => (typeof value === 'object' ? blobText(value) : null),
  date: () => onlyText(dateText),
  time: ({ precision, zone = false }) => onlyText((value) => timeText(value, precision, zone)),
  timestamp: ({ precision }) => onlyText((value) => timestampText(value, precision)),
  timestamptz: ({ precision }) => onlyText((value) => timestamptzText(value, precision)),
  json: () => document,
  jsonb: () => document,
  uuid: () => onlyText((value) => (UUID.test(value) ? value.toLowerCase() : null)),
  interval: () => onlyText(durationText),
  xml: () => asItIs,
  enum: () => asItIs,
  bits: ({ length, varying }) => bits(length, varying),
  native: () => asItIs,
  any: () => any,
};

/** Canonical texts of a logical type's values; null for a value that is none. */
export const renderOf = (logical: LogicalType): Render =>
  (RENDERS[logical.kind] as (own: LogicalType) => Render)(logical);

/** Kinds that a column of TEXT affinity holds as their canonical text. */
const TEXT_IN_TEXT: ReadonlySet<LogicalKind> = new Set(['int', 'boolean', 'float64', 'float32']);

/** Kinds of another product that hold more texts than those that are understood here: zero dates, times over a day. */
const WRITTEN_AS_TEXT: ReadonlySet<LogicalKind> = new Set([
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
]);

function counted({ tally }: ThreadColumn, becomes: string | null): string | null {
  if (tally) tally.rows += 1;
  return becomes;
}

function fitted(column: ThreadColumn, made: string): string | null {
  if (column.fit === undefined)
    return column.dropsZeros === true ? made.replace(/(?:\.|(\.\d*[1-9]))0*$/, '$1') : made;
  const { text: becomes, altered } = fitText(made, column.fit.limits, column.fit.policy);
  return altered ? counted(column, becomes) : becomes;
}

/**
 * The function that makes the canonical text of a column's values, NULL as null.
 * @throws SluiceError with the given code when a value is of a storage class, or has a text, that its logical type does
 * not have: what is not understood is never guessed (invariant 7).
 */
export function canonicalText(
  column: ThreadColumn,
  place: { readonly table: string; readonly side: 'source' | 'target' },
): (value: StoredValue) => string | null {
  const { kind } = column.logical;
  const textAsItIs = column.affinity === 'text' && TEXT_IN_TEXT.has(kind) && place.side === 'target';
  // What a target holds was written as a canonical text: one that SQLite's own forms do not know is compared as it stands.
  const isWritten = place.side === 'target' && WRITTEN_AS_TEXT.has(kind);
  const render = textAsItIs ? asItIs : column.asText === true ? scalar : renderOf(column.logical);
  return (value) => {
    if (value === null) return null;
    const made = render(value) ?? (isWritten && typeof value === 'string' ? value : null);
    if (made !== null) return fitted(column, made);
    if (column.fit?.policy === 'null') return counted(column, null);
    throw new SluiceError(
      `${place.side}.value_rejected`,
      `column ${column.name} of ${place.table} holds a value of storage class ${storageClass(value)} that is no ${kind}`,
      { table: place.table, column: column.name },
    );
  };
}
