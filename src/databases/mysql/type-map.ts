import type { TypeMap } from '../../engine/ports/type-map.ts';
import type { LogicalKind, LogicalType } from '../../model/logical-type.ts';
import { literal } from './sql/names.ts';
import { fit } from './types/fit.ts';
import { renderBare } from './types/render-text.ts';
import { asText, folds, identical, portableOrder, PRODUCT, reading } from './types/reading.ts';
import { writing } from './types/writing.ts';

/** From this length on a text is kept outside of the row, which takes 65,535 bytes at most. */
const LONGEST_VARCHAR = 1_024;
const LONGEST_CHAR = 255;
const MOST_LABELS = 65_535;
const LONGEST_LABEL = 255;
const MOST_DIGITS = 65;
/** Of MySQL; MariaDB has 38. */
const MOST_PLACES = 30;

const INTS = { 8: 'tinyint', 16: 'smallint', 32: 'int', 64: 'bigint' } as const;

const fractional = (name: string, precision: number): string =>
  precision === 0 ? name : `${name}(${Math.min(precision, 6)})`;

function proposeText(maxChars: number | null, padded: boolean): string {
  if (maxChars === null || maxChars < 1) return 'longtext';
  if (padded && maxChars <= LONGEST_CHAR) return `char(${maxChars})`;
  if (maxChars <= LONGEST_VARCHAR) return `varchar(${maxChars})`;
  return maxChars <= 16_383 ? 'text' : maxChars <= 4_194_303 ? 'mediumtext' : 'longtext';
}

/** Without a precision a number has as many digits as it likes, and a scale of its own: only a text keeps both. */
function proposeDecimal(precision: number | null, scale: number | null): string {
  if (precision === null || scale === null) return 'longtext';
  const fits = precision <= MOST_DIGITS && scale >= 0 && scale <= MOST_PLACES && scale <= precision;
  return fits ? `decimal(${precision},${scale})` : 'longtext';
}

function proposeEnum(labels: readonly string[]): string {
  // The empty label is what MySQL writes for an error, and blanks at the end are cut.
  const odd = labels.some(
    (label) => label === '' || label.endsWith(' ') || Array.from(label).length > LONGEST_LABEL,
  );
  const fits = !odd && labels.length > 0 && labels.length <= MOST_LABELS;
  return fits ? `enum(${labels.map(literal).join(',')})` : 'longtext';
}

const PROPOSED: { readonly [K in LogicalKind]: (logical: Extract<LogicalType, { kind: K }>) => string } = {
  int: ({ bits, unsigned }) => `${INTS[bits]}${unsigned ? ' unsigned' : ''}`,
  decimal: ({ precision, scale }) => proposeDecimal(precision, scale),
  float64: () => 'double',
  float32: () => 'double',
  boolean: () => 'tinyint(1)',
  text: ({ maxChars, padded }) => proposeText(maxChars, padded ?? false),
  bytes: ({ maxBytes }) => (maxBytes !== null && maxBytes <= 4_096 ? `varbinary(${maxBytes})` : 'longblob'),
  date: () => 'date',
  time: ({ precision, zone }) => (zone ? 'longtext' : fractional('time', precision)),
  timestamp: ({ precision }) => fractional('datetime', precision),
  timestamptz: ({ precision }) => fractional('datetime', precision),
  interval: () => 'varchar(255)',
  json: () => 'longtext',
  jsonb: () => 'longtext',
  xml: () => 'longtext',
  uuid: () => 'char(36)',
  enum: ({ labels }) => proposeEnum(labels),
  bits: ({ length, varying }) =>
    varying || length === null || length > 64 ? 'longtext' : `bit(${Math.max(length, 1)})`,
  native: ({ product, type }) => (product === PRODUCT ? type : 'longtext'),
  any: () => 'longtext',
};

const propose = (logical: LogicalType): string =>
  (PROPOSED[logical.kind] as (own: LogicalType) => string)(logical);

/**
 * Column types and logical types. A tinyint(1) is a boolean, as all connectors have it; a TIMESTAMP is a moment, a DATETIME is
 * none; a document is kept as LONGTEXT, for MySQL's JSON rewrites it, and MariaDB's is a LONGTEXT with a check.
 */
export const types: TypeMap = {
  reading,
  identical,
  asText,
  fit,
  withoutZeros: renderBare,
  propose,
  writing,
  binaryCompatible: () => false,
  folds,
  portableOrder,
};
