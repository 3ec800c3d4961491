import type { ColumnReading, ColumnWriting, TypeMap } from '../../engine/ports/type-map.ts';
import type { Limits } from '../../model/limits.ts';
import type { LogicalKind, LogicalType } from '../../model/logical-type.ts';
import type { ColumnSchema } from '../../model/table-schema.ts';
import { quote } from './sql.ts';
import { type Affinity, affinityOf } from './values/affinity.ts';

const bare = (type: string): string =>
  type
    .replace(/\([^)]*\)/g, ' ')
    .trim()
    .replace(/\s+/g, ' ')
    .toUpperCase();

const args = (type: string): number[] =>
  (/\(([^)]*)\)/.exec(type)?.[1] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => /^\d+$/.test(part))
    .map(Number);

const named = (kind: LogicalKind, names: readonly string[]): [string, LogicalKind][] =>
  names.map((name) => [name, kind]);

/** Declared types whose name says more than their affinity. */
const KINDS: ReadonlyMap<string, LogicalKind> = new Map([
  ...named('any', ['', 'ANY', 'ANY_BLOB']),
  ...named('boolean', ['BOOLEAN', 'BOOL']),
  ...named('date', ['DATE']),
  ...named('time', ['TIME', 'TIMETZ', 'TIME WITH TIME ZONE', 'TIME WITHOUT TIME ZONE']),
  ...named('timestamp', ['TIMESTAMP', 'DATETIME', 'TIMESTAMP WITHOUT TIME ZONE']),
  ...named('timestamptz', ['TIMESTAMPTZ', 'DATETIMETZ', 'DATETIMEOFFSET', 'TIMESTAMP WITH TIME ZONE']),
  ...named('json', ['JSON', 'JSON_TEXT']),
  ...named('jsonb', ['JSONB', 'JSONB_TEXT']),
  ...named('xml', ['XML', 'XML_TEXT']),
  ...named('uuid', ['UUID']),
  ...named('interval', ['DURATION_TEXT']),
  ...named('bits', ['BIT_TEXT', 'VARBIT_TEXT']),
  ...named('float32', ['FLOAT4', 'FLOAT4_BLOB']),
  ...named('float64', ['DOUBLE_BLOB']),
  ...named('decimal', ['DECIMAL_TEXT', 'NUMERIC', 'DECIMAL', 'DEC', 'NUMBER']),
  ...named('bytes', ['BINARY', 'VARBINARY', 'BYTEA']),
]);

const BY_AFFINITY: Readonly<Record<Affinity, LogicalKind>> = {
  integer: 'int',
  real: 'float64',
  text: 'text',
  exact: 'bytes',
  numeric: 'any',
};

type Given = readonly [first: number | null, second: number | null];

const LOGICALS: Partial<Record<LogicalKind, (name: string, given: Given) => LogicalType>> = {
  int: () => ({ kind: 'int', bits: 64 }),
  text: (_, [maxChars]) => ({ kind: 'text', maxChars }),
  bytes: () => ({ kind: 'bytes', maxBytes: null }),
  decimal: (_, [precision, scale]) =>
    scale === null
      ? { kind: 'decimal', precision: null, scale: null }
      : { kind: 'decimal', precision, scale },
  time: (name, [precision]) => ({
    kind: 'time',
    precision: precision ?? 6,
    ...(/TZ| WITH /.test(name) && { zone: true }),
  }),
  timestamp: (_, [precision]) => ({ kind: 'timestamp', precision: precision ?? 6 }),
  timestamptz: (_, [precision]) => ({ kind: 'timestamptz', precision: precision ?? 6 }),
  bits: (name, [length]) => ({ kind: 'bits', length, varying: name.startsWith('VAR') }),
};

/** The logical type of values that a column of this declared type should have. */
export function logicalOf(type: string): LogicalType {
  const name = bare(type);
  const [first = null, second = null] = args(type);
  const kind = KINDS.get(name) ?? BY_AFFINITY[affinityOf(type)];
  return LOGICALS[kind]?.(name, [first, second]) ?? ({ kind } as LogicalType);
}

const withArgs = (name: string, ...values: readonly (number | null)[]): string =>
  values.some((value) => value === null) ? name : `${name}(${values.join(',')})`;

/** `TIMESTAMP(3)`; without a number it is 6. */
const fractional = (name: string, precision: number): string =>
  precision === 6 ? name : `${name}(${precision})`;

const PROPOSALS: { readonly [K in LogicalKind]: (logical: Extract<LogicalType, { kind: K }>) => string } = {
  int: ({ bits, unsigned }) => (bits === 64 && unsigned === true ? 'DECIMAL_TEXT(20,0)' : 'INTEGER'),
  decimal: ({ precision, scale }) => withArgs('DECIMAL_TEXT', precision, scale),
  float64: () => 'DOUBLE_BLOB',
  float32: () => 'FLOAT4_BLOB',
  boolean: () => 'BOOLEAN',
  text: ({ maxChars, padded }) =>
    maxChars === null ? 'TEXT' : `${padded === true ? 'CHAR' : 'VARCHAR'}(${maxChars})`,
  bytes: () => 'BLOB',
  date: () => 'DATE',
  time: ({ precision, zone }) => fractional(zone === true ? 'TIMETZ' : 'TIME', precision),
  timestamp: ({ precision }) => fractional('TIMESTAMP', precision),
  timestamptz: ({ precision }) => fractional('TIMESTAMPTZ', precision),
  interval: () => 'DURATION_TEXT',
  json: () => 'JSON_TEXT',
  jsonb: () => 'JSONB_TEXT',
  xml: () => 'XML_TEXT',
  uuid: () => 'UUID',
  enum: () => 'TEXT',
  bits: ({ length, varying }) => withArgs(varying ? 'VARBIT_TEXT' : 'BIT_TEXT', length),
  native: () => 'TEXT',
  any: () => 'ANY_BLOB',
};

const propose = (logical: LogicalType): string =>
  (PROPOSALS[logical.kind] as (own: LogicalType) => string)(logical);

const exact = { exact: true, note: null } as const;
const inexact = (note: string) => ({ exact: false, note }) as const;
type Verdict = Pick<ColumnWriting, 'exact' | 'note'> | null;

const NEGATIVE_ZERO = 'negative zero is refused: SQLite does not keep its sign here';
const LOOKS_NUMERIC = 'a text that looks like a number is refused: SQLite would make a number of it';

const WHOLE = 'whole numbers that a double cannot hold are refused';
const FROM_2_63 = 'numbers from 2^63 on are refused';
const DIGITS = 'SQLite keeps 15 digits here; longer numbers are refused, trailing zeros are not kept';

/** Verdicts on columns whose affinity makes numbers of texts; without an entry such a column takes the kind as it is. */
const NUMERIC: Partial<Record<LogicalKind, (affinity: Affinity, logical: LogicalType) => Verdict>> = {
  int: (affinity, logical) => {
    if (affinity === 'real') return inexact(WHOLE);
    return logical.kind === 'int' && logical.bits === 64 && logical.unsigned === true
      ? inexact(FROM_2_63)
      : exact;
  },
  decimal: () => inexact(DIGITS),
  float64: () => inexact(NEGATIVE_ZERO),
  float32: () => inexact(NEGATIVE_ZERO),
  boolean: (affinity) => (affinity === 'real' ? null : exact),
  any: () => exact,
};

const MAY_LOOK_NUMERIC: ReadonlySet<LogicalKind> = new Set(['text', 'xml', 'enum', 'bits', 'json', 'jsonb']);

function verdictOf(logical: LogicalType, affinity: Affinity): Verdict {
  if (logical.kind === 'native') return null;
  if (affinity === 'exact' || affinity === 'text') return exact;
  const own = NUMERIC[logical.kind];
  if (own !== undefined) return own(affinity, logical);
  if (affinity !== 'numeric') return null;
  return MAY_LOOK_NUMERIC.has(logical.kind) ? inexact(LOOKS_NUMERIC) : exact;
}

const READ_AS_FLOAT = 'SQLite holds such numbers as 8-byte floats: their shortest text is read';

/** Fractions of a second are not rounded here: what the target would make of them is not the nearest, and not counted. */
const losesDigits = (logical: LogicalType, limits: Limits): boolean =>
  limits.kind === 'moment' && 'precision' in logical && (logical.precision ?? 0) > limits.digits;

/**
 * Declared types and logical types. SQLite checks no declared type, so the thread checks every value when it is read and
 * refuses what is no value of the logical type. Where no usual name has an affinity that leaves every value alone, the type
 * we create is the logical type's name with `_TEXT` behind it, which gives it TEXT affinity, or with `_BLOB`, which gives
 * it none (a REAL column makes 0 of -0):
 *
 * | logical | created as | also read from |
 * | --- | --- | --- |
 * | int | INTEGER; unsigned 64 bit DECIMAL_TEXT(20,0) | every name with INT |
 * | decimal | DECIMAL_TEXT(p,s) | NUMERIC, DECIMAL(p,s), DEC, NUMBER |
 * | float64, float32 | DOUBLE_BLOB, FLOAT4_BLOB, as REAL values; NaN as the text NaN | REAL, DOUBLE, FLOAT; FLOAT4 |
 * | boolean | BOOLEAN, 0 and 1 | BOOL |
 * | text | TEXT, VARCHAR(n), CHAR(n) | every name with CHAR, CLOB, TEXT |
 * | bytes | BLOB | BINARY, VARBINARY, BYTEA |
 * | date, time, timestamp, timestamptz | DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, as text | DATETIME |
 * | interval | DURATION_TEXT (INTERVAL would be an INT) | |
 * | json, jsonb, xml | JSON_TEXT, JSONB_TEXT, XML_TEXT | JSON, JSONB, XML |
 * | uuid | UUID, as text | |
 * | bits | BIT_TEXT(n), VARBIT_TEXT(n) | |
 * | enum | TEXT | |
 * | any | ANY_BLOB | no type, ANY, names that say nothing |
 *
 * Between two SQLite files every column travels as `any`: storage classes stay what they are.
 */
export const sqliteTypes: TypeMap = {
  reading(column): ColumnReading {
    const logical = logicalOf(column.type);
    const floats = logical.kind === 'decimal' && affinityOf(column.type) === 'numeric';
    return { logical, render: quote(column.name), note: floats ? READ_AS_FLOAT : null };
  },
  identical: (column) => ({ logical: { kind: 'any' }, render: quote(column.name), note: null }),
  // The thread that reads makes the texts fit: engine/driver/fit-text.ts.
  fit: ({ column, reading, limits, policy }) =>
    policy === 'clamp' && (limits === null || losesDigits(reading.logical, limits))
      ? null
      : { render: quote(column.name), altered: null },
  propose,
  writing(logical, column): ColumnWriting | null {
    const verdict = verdictOf(logical, affinityOf(column.type));
    return verdict && { load: null, render: quote(column.name), ...verdict };
  },
  binaryCompatible: () => false,
  folds({ collation }) {
    const name = (collation ?? 'BINARY').toUpperCase();
    return name === 'BINARY' ? [] : [name === 'RTRIM' ? 'blanks' : name];
  },
  portableOrder: (column: ColumnSchema) => {
    const { kind } = logicalOf(column.type);
    if (kind === 'text') return column.collation === null || column.collation.toUpperCase() === 'BINARY';
    return kind === 'int' || kind === 'bytes';
  },
};
