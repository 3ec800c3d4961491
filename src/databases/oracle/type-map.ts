import type { TypeMap } from '../../engine/ports/type-map.ts';
import type { LogicalKind, LogicalType } from '../../model/logical-type.ts';
import { fit } from './types/fit.ts';
import { asText, identical, portableOrder, PRODUCT, reading } from './types/reading.ts';
import { writing } from './types/writing.ts';

/** Letters of four bytes that VARCHAR2 and CHAR take. */
const LONGEST_VARCHAR2 = 1_000;
const LONGEST_CHAR = 500;
const LONGEST_RAW = 2_000;
const MOST_DIGITS = 38;
const MOST_PLACES = 127;

const DIGITS = { 8: 3, 16: 5, 32: 10, 64: 19 } as const;

const varchar2 = (chars: number | null): string =>
  chars !== null && chars >= 1 && chars <= LONGEST_VARCHAR2 ? `VARCHAR2(${chars} CHAR)` : 'CLOB';

function proposeText(maxChars: number | null, padded: boolean): string {
  if (padded && maxChars !== null && maxChars >= 1 && maxChars <= LONGEST_CHAR)
    return `CHAR(${maxChars} CHAR)`;
  return varchar2(maxChars);
}

/** Without a precision a number has as many digits as it likes, and a scale of its own: only a text keeps both. */
function proposeDecimal(precision: number | null, scale: number | null): string {
  const fits =
    precision !== null && scale !== null && precision <= MOST_DIGITS && Math.abs(scale) <= MOST_PLACES;
  return fits ? `NUMBER(${precision},${scale})` : 'CLOB';
}

const fraction = (precision: number): number => Math.min(precision, 9);

const PROPOSED: { readonly [K in LogicalKind]: (logical: Extract<LogicalType, { kind: K }>) => string } = {
  int: ({ bits, unsigned }) => `NUMBER(${bits === 64 && unsigned ? 20 : DIGITS[bits]})`,
  decimal: ({ precision, scale }) => proposeDecimal(precision, scale),
  float64: () => 'BINARY_DOUBLE',
  float32: () => 'BINARY_FLOAT',
  boolean: () => 'NUMBER(1)',
  text: ({ maxChars, padded }) => proposeText(maxChars, padded ?? false),
  bytes: ({ maxBytes }) =>
    maxBytes !== null && maxBytes >= 1 && maxBytes <= LONGEST_RAW ? `RAW(${maxBytes})` : 'BLOB',
  date: () => 'DATE',
  time: () => 'VARCHAR2(40)',
  timestamp: ({ precision }) => `TIMESTAMP(${fraction(precision)})`,
  timestamptz: ({ precision }) => `TIMESTAMP(${fraction(precision)}) WITH TIME ZONE`,
  interval: () => 'VARCHAR2(400)',
  json: () => 'CLOB',
  jsonb: () => 'CLOB',
  xml: () => 'CLOB',
  uuid: () => 'VARCHAR2(36)',
  enum: ({ labels }) => varchar2(Math.max(1, ...labels.map((label) => Array.from(label).length))),
  bits: ({ length }) => varchar2(length === null ? null : Math.max(length, 1)),
  native: ({ product, type }) => (product === PRODUCT ? type : 'CLOB'),
  any: () => 'CLOB',
};

const propose = (logical: LogicalType): string =>
  (PROPOSED[logical.kind] as (own: LogicalType) => string)(logical);

/**
 * Column types and logical types. A DATE has a time; VARCHAR2 and RAW have no empty value, CLOB and BLOB have one; NUMBER has
 * neither NaN nor the zeros at the end of a fraction, except those that its scale says.
 */
export const types: TypeMap = {
  reading,
  identical,
  asText,
  fit,
  propose,
  writing,
  binaryCompatible: () => false,
  portableOrder,
};
