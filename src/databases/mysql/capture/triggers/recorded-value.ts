import type { ColumnSchema } from '../../../../model/table-schema.ts';
import { isBinary, isGeometry } from '../../types/reading.ts';
import { renderBits, renderDouble, renderFraction, renderGeometry } from '../../types/render-text.ts';
import { INT_BITS, isBoolean, parseType, type TypeText } from '../../types/type-text.ts';

/** What decides how a value is written. */
export type RecordedType = Pick<ColumnSchema, 'type' | 'baseType'>;

/** How values are written, besides their types. */
export interface Writing {
  /** The zero date is NULL, as the reader of a connection with zeroDates: null has it. */
  readonly nullsZeroDates: boolean;
}

/** No value of any column: who reads it refuses it. The server makes NULL of a text above max_allowed_packet. */
const TOO_LARGE = `'{"sluice": "too large"}'`;

/**
 * MariaDB reserves 48 times the length of a text for JSON_QUOTE, most of which is never touched, and makes NULL of one above 44 MiB. REPLACE
 * in its place would take hours where there is much to replace.
 */
const QUOTED_BYTES = 16 * 1024 * 1024;
const LONG_TEXTS = new Set(['mediumtext', 'longtext', 'json']);

function renderText(base: string, value: string): string {
  const text = `CONVERT(${value} USING utf8mb4)`;
  if (!LONG_TEXTS.has(base)) return `JSON_QUOTE(${text})`;
  return `IF(OCTET_LENGTH(${text}) <= ${QUOTED_BYTES}, JSON_QUOTE(${text}), NULL)`;
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

/** JSON of a value that is not NULL, by the base of its type; of numbers they stand as they are. */
const WRITTEN: Readonly<Record<string, (value: string, type: TypeText) => string>> = {
  decimal: (value, { zerofill }) => `CAST(${zerofill ? `${value} + 0` : value} AS CHAR)`,
  float: (value) => renderDouble(`(${value} + 0e0)`, '1e15'),
  double: (value, { args }) => renderDouble(args.length > 0 ? `(${value} + 0e0)` : value, '1e15'),
  year: (value) => `CAST(${value} + 0 AS CHAR)`,
  date: (value) => inQuotes(value),
  time: (value, { args: [precision = 0] }) => inQuotes(renderFraction(value, precision)),
  datetime: (value, { args: [precision = 0] }) => inQuotes(renderMoment(value, precision)),
  timestamp: (value, { args: [precision = 0] }) => renderTimestamp(value, precision),
  bit: (value, { args: [length = 1] }) => inQuotes(renderBits(value, length)),
  uuid: (value) => inQuotes(`CAST(${value} AS CHAR)`),
  inet4: (value) => inQuotes(`CAST(${value} AS CHAR)`),
  inet6: (value) => inQuotes(`CAST(${value} AS CHAR)`),
};

function renderWritten({ type, baseType }: RecordedType, value: string): string {
  const parsed = parseType(type);
  const { base, zerofill } = parsed;
  if (isBoolean(parsed)) return `CASE ${value} WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE ${value} END`;
  if (INT_BITS[base] !== undefined) return `CAST(${zerofill ? `${value} + 0` : value} AS CHAR)`;
  if (isGeometry(base)) return inQuotes(renderGeometry(value));
  if (isBinary(base)) return inQuotes(`HEX(${value})`);
  return WRITTEN[base]?.(value, parsed) ?? renderText(baseType === 'json' ? 'json' : base, value);
}

/**
 * JSON of a value as src/model/change-event.ts has it: what types/reading.ts makes of a column for a snapshot, in the form of a payload.
 * Total and never NULL.
 */
export function renderJson(type: RecordedType, value: string, { nullsZeroDates }: Writing): string {
  const { base } = parseType(type.type);
  const isNull = nullsZeroDates && isDated(base) ? `${value} IS NULL OR ${value} = 0` : `${value} IS NULL`;
  return `IF(${isNull}, 'null', COALESCE(${renderWritten(type, value)}, ${TOO_LARGE}))`;
}

const asBytes = (value: string): string => `CAST(${value} AS BINARY)`;

/** Whether two values of a column are the same to the last letter: no collation makes one of two, and no rounding. */
export function renderSame(type: RecordedType, left: string, right: string): string {
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
