import type { ColumnSchema } from '../../../../model/table-schema.ts';
import { isBinary, isGeometry } from '../../types/reading.ts';
import { renderBits, renderDouble, renderFraction, renderGeometry } from '../../types/render-text.ts';
import { INT_BITS, isBoolean, parseType, type TypeText } from '../../types/type-text.ts';

/** What decides how a value is written. */
export type RecordedType = Pick<ColumnSchema, 'type' | 'baseType' | 'nullable'>;

/** How values are written, besides their types. */
export interface Writing {
  /** The zero date is NULL, as the reader of a connection with zeroDates: null has it. */
  readonly nullsZeroDates: boolean;
}

/**
 * MariaDB reserves 48 times the length of a text for JSON_QUOTE, most of which is never touched, and makes NULL of one above 44 MiB.
 * REPLACE in its place would take hours where there is much to replace.
 */
const QUOTED_BYTES = 16 * 1024 * 1024;
const LONG_TEXTS = new Set(['mediumtext', 'longtext']);
/** Their text may be longer than the server makes texts (max_allowed_packet): it is NULL then. */
const MAY_BE_TOO_LARGE = new Set([...LONG_TEXTS, 'json', 'mediumblob', 'longblob']);

function renderText(base: string, value: string): string {
  if (base === 'json') return renderText('longtext', `CONVERT(${value} USING utf8mb4)`);
  if (!LONG_TEXTS.has(base)) return `JSON_QUOTE(${value})`;
  return `IF(OCTET_LENGTH(${value}) <= ${QUOTED_BYTES}, JSON_QUOTE(${value}), NULL)`;
}

const inQuotes = (text: string): string => `CONCAT('"', ${text}, '"')`;

/** With a T between date and time. */
const renderMoment = (value: string, precision: number): string =>
  `REPLACE(${renderFraction(value, precision)}, ' ', 'T')`;

/**
 * In UTC whatever the time zone of the session: the seconds of a TIMESTAMP are what the server keeps of it, so that an hour that comes
 * twice a year is two hours. The zero date has no seconds.
 */
const renderTimestamp = (value: string, precision: number): string =>
  `CONCAT('"', IF(${value} = 0, '0000-00-00T00:00:00', ${renderMoment(`TIMESTAMP '1970-01-01 00:00:00' + INTERVAL UNIX_TIMESTAMP(${value}) SECOND`, precision)}), '+00:00"')`;

const isDated = (base: string): boolean => base === 'date' || base === 'datetime' || base === 'timestamp';

/** A floating point number as the server is to write it; null where the type is none. */
export function floatOf({ type }: Pick<RecordedType, 'type'>, value: string): string | null {
  const { base, args } = parseType(type);
  if (base === 'float' || (base === 'double' && args.length > 0)) return `(${value} - 0e0)`;
  return base === 'double' ? value : null;
}

/** JSON of a value, NULL where it is NULL. */
const WRITTEN: Readonly<Record<string, (value: string, type: TypeText) => string>> = {
  decimal: (value, { zerofill }) => (zerofill ? `${value} + 0` : value),
  year: (value) => `${value} + 0`,
  date: (value) => inQuotes(value),
  time: (value, { args: [precision = 0] }) => inQuotes(renderFraction(value, precision)),
  datetime: (value, { args: [precision = 0] }) => inQuotes(renderMoment(value, precision)),
  timestamp: (value, { args: [precision = 0] }) => renderTimestamp(value, precision),
  bit: (value, { args: [length = 1] }) => inQuotes(renderBits(value, length)),
  uuid: (value) => inQuotes(`CAST(${value} AS CHAR)`),
  inet4: (value) => inQuotes(`CAST(${value} AS CHAR)`),
  inet6: (value) => inQuotes(`CAST(${value} AS CHAR)`),
};

function renderWritten(type: RecordedType, value: string): string {
  const parsed = parseType(type.type);
  const { base, zerofill } = parsed;
  if (isBoolean(parsed)) return `CASE ${value} WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE ${value} END`;
  if (INT_BITS[base] !== undefined) return zerofill ? `${value} + 0` : value;
  const float = floatOf(type, value);
  if (float !== null) return renderDouble(float, '1e15');
  if (isGeometry(base)) return inQuotes(renderGeometry(value));
  if (isBinary(base)) return inQuotes(`HEX(${value})`);
  return WRITTEN[base]?.(value, parsed) ?? renderText(type.baseType === 'json' ? 'json' : base, value);
}

/**
 * JSON of a value as src/model/change-event.ts has it: what types/reading.ts makes of a column for a snapshot, in the form of a payload.
 * Total; SQL NULL where it is longer than the server makes texts. As short as can be: a trigger pays for each word of it with each row.
 */
export function renderJson(type: RecordedType, value: string, { nullsZeroDates }: Writing): string {
  const { base } = parseType(type.type);
  const written = renderWritten(type, value);
  if (nullsZeroDates && isDated(base)) return `IF(${value} IS NULL OR ${value} = 0, 'null', ${written})`;
  if (!type.nullable) return written;
  if (MAY_BE_TOO_LARGE.has(base) || isGeometry(base)) return `IF(${value} IS NULL, 'null', ${written})`;
  return `IFNULL(${written}, 'null')`;
}

const asBytes = (value: string): string => `CAST(${value} AS BINARY)`;

/** Whether two values of a column are the same to the last letter: no collation makes one of two, and no rounding. */
export function renderSame(type: Pick<RecordedType, 'type'>, left: string, right: string): string {
  const { base } = parseType(type.type);
  const plain = `${left} <=> ${right}`;
  // Minus zero is equal to zero, and written otherwise; a float is written with too few digits.
  if (base === 'float' || base === 'double') return `(${plain} AND ${asBytes(left)} <=> ${asBytes(right)})`;
  // Two hours of a year may look the same, and the zero date has no seconds.
  if (base === 'timestamp') return `(${plain} AND UNIX_TIMESTAMP(${left}) <=> UNIX_TIMESTAMP(${right}))`;
  if (INT_BITS[base] !== undefined || ['decimal', 'year', 'date', 'time', 'datetime', 'bit'].includes(base))
    return plain;
  if (base === 'json') return `${asBytes(`CAST(${left} AS CHAR)`)} <=> ${asBytes(`CAST(${right} AS CHAR)`)}`;
  return `${asBytes(left)} <=> ${asBytes(right)}`;
}
