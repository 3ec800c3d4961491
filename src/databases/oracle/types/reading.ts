import type { ColumnReading } from '../../../engine/ports/type-map.ts';
import type { LogicalType } from '../../../model/logical-type.ts';
import type { ColumnSchema } from '../../../model/table-schema.ts';
import { quote } from '../sql/names.ts';
import {
  renderFixed,
  renderMoment,
  renderNumber,
  renderSeconds,
  renderTimestamp,
  renderTruth,
  renderWhole,
  renderYears,
  renderZoned,
} from './render-text.ts';
import { argsOf, parseType, type TypeText } from './type-text.ts';

export const PRODUCT = 'oracle';

const read = (logical: LogicalType, render: string, note: string | null = null): ColumnReading => ({
  logical,
  render,
  note,
});

/** Digits that surely fit into so many bits. */
const BITS: readonly (readonly [number, 8 | 16 | 32 | 64])[] = [
  [2, 8],
  [4, 16],
  [9, 32],
  [18, 64],
];

function readNumber({ args: [precision, scale] }: TypeText, column: string): ColumnReading {
  const anyNumber = read({ kind: 'decimal', precision: null, scale: null }, renderNumber(column));
  if (precision === undefined || scale === undefined || scale < 0) return anyNumber;
  if (scale > 0) {
    const text = renderFixed(column, precision, scale);
    return text === null ? anyNumber : read({ kind: 'decimal', precision, scale }, text);
  }
  const bits = BITS.find(([digits]) => precision <= digits)?.[1];
  const logical: LogicalType = bits ? { kind: 'int', bits } : { kind: 'decimal', precision, scale: 0 };
  return read(logical, renderWhole(column));
}

/** A CHAR that counts bytes has fewer letters where some are wide: what it is padded to is no number of letters. */
const readText = ({ base, args: [length = 1], inChars }: TypeText, column: string): ColumnReading => {
  const padded = (base === 'CHAR' || base === 'NCHAR') && inChars;
  return read({ kind: 'text', maxChars: length, ...(padded && { padded }) }, column);
};

const ZONE_LOST = 'the moment is kept, but not the zone that it was written in';

/** base type -> how it is read. A bare column is read as what it is: texts, bytes, large objects, floats. */
const READINGS: Readonly<Record<string, (type: TypeText, column: string) => ColumnReading>> = {
  NUMBER: readNumber,
  FLOAT: (_, column) => read({ kind: 'decimal', precision: null, scale: null }, renderNumber(column)),
  BINARY_DOUBLE: (_, column) => read({ kind: 'float64' }, column),
  BINARY_FLOAT: (_, column) => read({ kind: 'float32' }, column),
  BOOLEAN: (_, column) => read({ kind: 'boolean' }, renderTruth(column)),
  VARCHAR2: readText,
  NVARCHAR2: readText,
  CHAR: readText,
  NCHAR: readText,
  CLOB: (_, column) => read({ kind: 'text', maxChars: null }, column),
  NCLOB: (_, column) => read({ kind: 'text', maxChars: null }, column),
  RAW: ({ args: [maxBytes = null] }, column) => read({ kind: 'bytes', maxBytes }, column),
  BLOB: (_, column) => read({ kind: 'bytes', maxBytes: null }, column),
  DATE: (_, column) => read({ kind: 'timestamp', precision: 0 }, renderTimestamp(column, 0)),
  TIMESTAMP: (type, column) => {
    const [precision = 6] = argsOf(type);
    return read({ kind: 'timestamp', precision }, renderTimestamp(column, precision));
  },
  'TIMESTAMP WITH TIME ZONE': (type, column) => {
    const [precision = 6] = argsOf(type);
    return read({ kind: 'timestamptz', precision }, renderMoment(column, precision, false), ZONE_LOST);
  },
  'TIMESTAMP WITH LOCAL TIME ZONE': (type, column) => {
    const [precision = 6] = argsOf(type);
    return read({ kind: 'timestamptz', precision }, renderMoment(column, precision, true));
  },
  'INTERVAL YEAR TO MONTH': (_, column) => read({ kind: 'interval' }, renderYears(column)),
  'INTERVAL DAY TO SECOND': (_, column) => read({ kind: 'interval' }, renderSeconds(column)),
  JSON: (_, column) => read({ kind: 'jsonb' }, `JSON_SERIALIZE(${column} RETURNING CLOB)`),
  XMLTYPE: (_, column) => read({ kind: 'xml' }, `XMLSERIALIZE(CONTENT ${column} AS CLOB)`),
};

const native = (type: string): LogicalType => ({ kind: 'native', product: PRODUCT, type });

/** How a value is written as text between two servers of this product, where another text than the canonical keeps more. */
export function renderNative(type: TypeText, column: string): string {
  if (type.base === 'TIMESTAMP WITH TIME ZONE') return renderZoned(column);
  if (type.base.startsWith('INTERVAL')) return `TO_CHAR(${column})`;
  if (type.base === 'ROWID' || type.base === 'UROWID') return `ROWIDTOCHAR(${column})`;
  return READINGS[type.base]?.(type, column).render ?? column;
}

/** @returns null where the type is none that we know to read without loss: LONG, BFILE, objects, nested tables, vectors */
export function reading(column: ColumnSchema): ColumnReading | null {
  const type = parseType(column.type);
  const name = quote(column.name);
  if (type.base === 'ROWID' || type.base === 'UROWID')
    return read(native(column.type), renderNative(type, name));
  return READINGS[type.base]?.(type, name) ?? null;
}

/** The zone of a moment is kept in a text. */
export function asText(column: ColumnSchema): Pick<ColumnReading, 'render'> {
  const type = parseType(column.type);
  const name = quote(column.name);
  return {
    render: type.base === 'TIMESTAMP WITH TIME ZONE' ? renderZoned(name) : (reading(column)?.render ?? name),
  };
}

/** Whose logical type says all of them, and none of whose values a column of the same type refuses or changes. */
const KEPT_AS_READ = new Set(['CLOB', 'NCLOB', 'BLOB', 'BOOLEAN']);

/** The reading for another server of this product: nothing is taken for something else. */
export function identical(column: ColumnSchema): ColumnReading | null {
  const type = parseType(column.type);
  const known = reading(column);
  // A document is no text to Oracle, which prints another for it: it goes the usual way.
  if (known === null || KEPT_AS_READ.has(type.base) || ['JSON', 'XMLTYPE'].includes(type.base)) return known;
  return read(native(column.type), renderNative(type, quote(column.name)));
}

/** Numbers that are integers in each database; texts that are compared by their bytes, without padding; bytes. */
export function portableOrder(column: ColumnSchema): boolean {
  const { base } = parseType(column.type);
  if (base === 'VARCHAR2') return column.collation === 'BINARY';
  return base === 'RAW' || reading(column)?.logical.kind === 'int';
}
