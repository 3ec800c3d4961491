import type { LogicalKind } from '../../../model/logical-type.ts';
import type { Affinity } from './affinity.ts';
import type { ThreadColumn } from './canonical-text.ts';
import { INT64_MAX, INT64_MIN, isCanonicalInt64, type StoredValue } from './stored-value.ts';

/** Makes the value to bind from a canonical text; undefined where the column would not keep it. */
export type Bind = (text: string) => StoredValue | undefined;

/** What SQLite turns into a number in a column of numeric affinity. */
const LOOKS_NUMERIC = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

const integer: Bind = (text) => {
  if (text.length <= 15) {
    // Bound as a double, which the column's affinity turns into the same integer: faster than a bigint.
    const small = Number(text);
    return Number.isInteger(small) && text !== '' ? small : undefined;
  }
  return bigInteger(text);
};

const bigInteger: Bind = (text) => {
  if (!/^-?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
};

/** A double above 2^53 does not tell its neighbours apart. */
const integerAsReal: Bind = (text) => {
  const value = bigInteger(text);
  return typeof value === 'bigint' && BigInt(Number(value)) === value ? Number(value) : undefined;
};

/** @see https://www.sqlite.org/datatype3.html: a text becomes a number when 15 significant digits survive. */
const numericDecimal: Bind = (text) => {
  if (!LOOKS_NUMERIC.test(text) || isCanonicalInt64(text)) return text;
  const significant = text.replace(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return significant.length <= 15 ? text : undefined;
};

const realDecimal: Bind = (text) => {
  const value = numericDecimal(text);
  return value !== undefined && text.replace(/\D/g, '').replace(/^0+/, '').length > 15 ? undefined : value;
};

const float: Bind = (text) => {
  if (text === 'NaN') return text;
  const value = Number(text);
  return Number.isNaN(value) || text === '' ? undefined : value;
};

/** Columns of numeric affinity make 0 of -0. */
const signedFloat: Bind = (text) => {
  const value = float(text);
  return Object.is(value, -0) ? undefined : value;
};

const boolean: Bind = (text) => (text === 't' ? 1n : text === 'f' ? 0n : undefined);

const bytes: Bind = (text) => {
  if (!text.startsWith('\\x')) return undefined;
  const value = Buffer.from(text.slice(2), 'hex');
  // Buffer.from stops at the first pair that is not hex.
  return value.length * 2 === text.length - 2 ? value : undefined;
};

const BY_LETTER: Readonly<Record<string, Bind>> = {
  i: bigInteger,
  r: float,
  t: (text) => text,
  b: bytes,
};

const any: Bind = (text) => BY_LETTER[text.slice(0, 1)]?.(text.slice(1));

const plain: Bind = (text) => text;

const notNumeric: Bind = (text) => (LOOKS_NUMERIC.test(text) ? undefined : text);

const document: Bind = (text) => (LOOKS_NUMERIC.test(text) && !isCanonicalInt64(text) ? undefined : text);

type Choice = (affinity: Affinity) => Bind;

/** Binds of the kinds that are numbers in SQLite; all others are texts. */
const NUMBERS: Partial<Record<LogicalKind, Choice>> = {
  int: (affinity) => (affinity === 'exact' ? bigInteger : affinity === 'real' ? integerAsReal : integer),
  decimal: (affinity) => (affinity === 'exact' ? plain : affinity === 'real' ? realDecimal : numericDecimal),
  float64: (affinity) => (affinity === 'exact' ? float : signedFloat),
  float32: (affinity) => (affinity === 'exact' ? float : signedFloat),
  boolean: () => boolean,
};

/** How canonical texts of a column become values that the column keeps as they are. */
export function bindOf({ logical, affinity }: ThreadColumn): Bind {
  if (logical.kind === 'any') return any;
  if (logical.kind === 'bytes') return bytes;
  if (affinity === 'text') return plain;
  const number = NUMBERS[logical.kind]?.(affinity);
  if (number !== undefined) return number;
  if (affinity === 'exact') return plain;
  return logical.kind === 'json' || logical.kind === 'jsonb' ? document : notNumeric;
}
