import type { ColumnReading } from '../../../engine/ports/type-map.ts';
import type { LogicalType } from '../../../model/logical-type.ts';
import type { ColumnSchema } from '../../../model/table-schema.ts';
import { quote } from '../sql/names.ts';
import {
  renderBits,
  renderBoolean,
  renderBytes,
  renderDouble,
  renderFraction,
  renderGeometry,
} from './render-text.ts';
import { INT_BITS, isBoolean, parseType, type TypeText } from './type-text.ts';

export const PRODUCT = 'mysql';

const GEOMETRIES = new Set(
  'geometry|point|linestring|polygon|multipoint|multilinestring|multipolygon|geometrycollection|geomcollection'.split(
    '|',
  ),
);
export const isGeometry = (base: string): boolean => GEOMETRIES.has(base);
const BYTES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
export const isBytes = (base: string): boolean => BYTES.has(base);
const UNLIMITED = new Set(['tinytext', 'text', 'mediumtext', 'longtext']);

const read = (logical: LogicalType, render: string, note: string | null = null): ColumnReading => ({
  logical,
  render,
  note,
});

/** The zero date becomes NULL where the connection says so; other products have none. */
export const renderDated = (column: string): string =>
  `IF(@sluice_zero_dates = 1 AND ${column} = 0, NULL, ${column})`;

function readInt(type: TypeText, column: string): ColumnReading {
  if (isBoolean(type)) return read({ kind: 'boolean' }, renderBoolean(column));
  const bits = INT_BITS[type.base] === 24 ? 32 : (INT_BITS[type.base] as 8 | 16 | 32 | 64);
  const render = type.zerofill ? `${column} + 0` : column;
  return read({ kind: 'int', bits, ...(type.unsigned && { unsigned: true }) }, render);
}

const OUT_OF_DAY =
  'times below 00:00:00 or above 24:00:00 are refused where the target has times of day only';

/** base type -> how it is read. */
const READINGS: Readonly<Record<string, (type: TypeText, column: string) => ColumnReading>> = {
  decimal: ({ args: [precision = 10, scale = 0], zerofill }, column) =>
    read({ kind: 'decimal', precision, scale }, zerofill ? `${column} + 0` : column),
  // As a double, which holds each float exactly: the server prints six digits of a float. Less zero, for more than zero minus zero is none.
  float: (_, column) => read({ kind: 'float64' }, renderDouble(`(${column} - 0e0)`, '1e15')),
  double: ({ args }, column) =>
    read({ kind: 'float64' }, renderDouble(args.length > 0 ? `(${column} - 0e0)` : column, '1e15')),
  char: ({ args: [chars = 1] }, column) => read({ kind: 'text', maxChars: chars }, column),
  varchar: ({ args: [chars = null] }, column) => read({ kind: 'text', maxChars: chars }, column),
  set: (_, column) => read({ kind: 'text', maxChars: null }, column),
  date: (_, column) => read({ kind: 'date' }, renderDated(column)),
  time: ({ args: [precision = 0] }, column) =>
    read({ kind: 'time', precision }, renderFraction(column, precision), OUT_OF_DAY),
  datetime: ({ args: [precision = 0] }, column) =>
    read({ kind: 'timestamp', precision }, renderFraction(renderDated(column), precision)),
  timestamp: ({ args: [precision = 0] }, column) =>
    read(
      { kind: 'timestamptz', precision },
      `CONCAT(${renderFraction(renderDated(column), precision)}, '+00')`,
    ),
  year: (_, column) => read({ kind: 'int', bits: 16 }, `${column} + 0`),
  json: (_, column) => read({ kind: 'json' }, column),
  uuid: (_, column) => read({ kind: 'uuid' }, column),
  bit: ({ args: [length = 1] }, column) =>
    read({ kind: 'bits', length, varying: false }, renderBits(column, length)),
};

/** @returns null where the type is none that we know to read without loss */
export function reading(column: ColumnSchema): ColumnReading | null {
  const name = quote(column.name);
  const type = parseType(column.type);
  if (column.baseType === 'json') return read({ kind: 'json' }, name);
  if (INT_BITS[type.base] !== undefined) return readInt(type, name);
  if (type.base === 'enum') return read({ kind: 'enum', labels: type.labels }, name);
  if (UNLIMITED.has(type.base)) return read({ kind: 'text', maxChars: null }, name);
  if (BYTES.has(type.base)) return read({ kind: 'bytes', maxBytes: type.args[0] ?? null }, renderBytes(name));
  const native: LogicalType = { kind: 'native', product: PRODUCT, type: column.type };
  if (isGeometry(type.base)) return read(native, renderGeometry(name));
  if (type.base === 'inet4' || type.base === 'inet6') return read(native, name);
  if (type.base === 'vector') return read(native, renderBytes(name));
  return READINGS[type.base]?.(type, name) ?? null;
}

/** Whose bytes are no text. */
export const isBinary = (base: string): boolean => isBytes(base) || isGeometry(base) || base === 'vector';

/** How a value is written as text between two servers of this product: nothing is taken for something else. */
export function renderNative(type: TypeText, name: string): string {
  if (type.base === 'float' || type.base === 'double') return renderDouble(`(${name} - 0e0)`, '1e15');
  if (['time', 'datetime', 'timestamp'].includes(type.base)) return renderFraction(name, type.args[0] ?? 0);
  if (isBinary(type.base)) return renderBytes(name);
  return type.base === 'year' ? `${name} + 0` : name;
}

/** Whose logical type says all of them, so that another type at the target can take them too. */
const KEPT_AS_READ = new Set(
  'tinyint|smallint|int|bigint|varchar|longtext|binary|varbinary|longblob|bit'.split('|'),
);

/** The reading for another server of this product. */
export function identical(column: ColumnSchema): ColumnReading {
  const name = quote(column.name);
  const type = parseType(column.type);
  const known = reading(column);
  if (isBoolean(type)) return read({ kind: 'int', bits: 8 }, name);
  if (known && KEPT_AS_READ.has(type.base)) return known;
  return read({ kind: 'native', product: PRODUCT, type: column.type }, renderNative(type, name));
}

/** A zero date stays what it is in a text. */
export function asText(column: ColumnSchema): Pick<ColumnReading, 'render'> {
  const name = quote(column.name);
  const type = parseType(column.type);
  if (type.base === 'timestamp') return { render: `CONCAT(${renderNative(type, name)}, '+00')` };
  if (type.base === 'date' || type.base === 'datetime') return { render: renderNative(type, name) };
  return { render: reading(column)?.render ?? name };
}

/** Adds up to 64 bits in each database; text where it is compared by its bytes, without padding. */
export function portableOrder(column: ColumnSchema): boolean {
  const type = parseType(column.type);
  if (isBoolean(type)) return false;
  if (INT_BITS[type.base] !== undefined) return true;
  if (type.base === 'varbinary' || type.base === 'binary') return true;
  const binary = new Set(['utf8mb4_0900_bin', 'utf8mb4_nopad_bin', 'utf8mb3_nopad_bin']);
  return (type.base === 'varchar' || UNLIMITED.has(type.base)) && binary.has(column.collation ?? '');
}

/**
 * Blanks at the end are none to most collations, and to every CHAR; those that end in `_bin` tell all else apart. A type that is
 * wished for may name its own.
 */
export function folds({ type, collation }: Pick<ColumnSchema, 'type' | 'collation'>): readonly string[] {
  const { base } = parseType(type);
  if (base !== 'char' && base !== 'varchar' && !UNLIMITED.has(base)) return [];
  const name = /\bcollate\s+["'`]?(\w+)/i.exec(type)?.[1]?.toLowerCase() ?? collation;
  if (name === null) return base === 'char' ? ['blanks'] : [];
  const keepsBlanks = base !== 'char' && (name.includes('nopad') || name.includes('_0900_'));
  return [...(keepsBlanks ? [] : ['blanks']), ...(name.endsWith('_bin') ? [] : [name])];
}
