import type { ColumnReading, ColumnWriting, TypeMap } from '../../engine/ports/type-map.ts';
import { endOfSecond, type Limits } from '../../model/limits.ts';
import type { LogicalKind, LogicalType } from '../../model/logical-type.ts';
import { exactly, merging, roughly } from './types/column-writing.ts';
import { fit } from './types/fit.ts';
import { ALIASES, parseType, type TypeText } from './types/type-text.ts';
import {
  INT_BITS,
  loadWhole,
  withoutZeros,
  writeDecimal,
  writeFloat,
  writeInt,
} from './types/write-numbers.ts';
import type { ColumnSchema } from '../../model/table-schema.ts';
import { quote } from './sql.ts';

const PRODUCT = 'postgresql';
const LONGEST_VARCHAR = 10_485_760;

const native = (type: string): LogicalType => ({ kind: 'native', product: PRODUCT, type });

/** base type -> logical type, by its parameters. */
const LOGICAL: Readonly<Record<string, (args: readonly number[]) => LogicalType>> = {
  smallint: () => ({ kind: 'int', bits: 16 }),
  integer: () => ({ kind: 'int', bits: 32 }),
  bigint: () => ({ kind: 'int', bits: 64 }),
  oid: () => ({ kind: 'int', bits: 32, unsigned: true }),
  numeric: ([precision, scale]) => ({
    kind: 'decimal',
    precision: precision ?? null,
    scale: precision === undefined ? null : (scale ?? 0),
  }),
  money: () => ({ kind: 'decimal', precision: 19, scale: 2 }),
  real: () => ({ kind: 'float32' }),
  'double precision': () => ({ kind: 'float64' }),
  boolean: () => ({ kind: 'boolean' }),
  text: () => ({ kind: 'text', maxChars: null }),
  'character varying': ([chars]) => ({ kind: 'text', maxChars: chars ?? null }),
  character: ([chars]) =>
    chars === undefined ? { kind: 'text', maxChars: null } : { kind: 'text', maxChars: chars, padded: true },
  bytea: () => ({ kind: 'bytes', maxBytes: null }),
  date: () => ({ kind: 'date' }),
  'time without time zone': ([precision]) => ({ kind: 'time', precision: precision ?? 6 }),
  'time with time zone': ([precision]) => ({ kind: 'time', precision: precision ?? 6, zone: true }),
  'timestamp without time zone': ([precision]) => ({ kind: 'timestamp', precision: precision ?? 6 }),
  'timestamp with time zone': ([precision]) => ({ kind: 'timestamptz', precision: precision ?? 6 }),
  interval: () => ({ kind: 'interval' }),
  json: () => ({ kind: 'json' }),
  jsonb: () => ({ kind: 'jsonb' }),
  xml: () => ({ kind: 'xml' }),
  uuid: () => ({ kind: 'uuid' }),
  bit: ([length]) => ({ kind: 'bits', length: length ?? 1, varying: false }),
  'bit varying': ([length]) => ({ kind: 'bits', length: length ?? null, varying: true }),
};

function logicalOf(type: string): LogicalType {
  // `bpchar` without a length is the one alias that means more than its base: nothing is padded.
  const { base, args } = parseType(type);
  return (Object.hasOwn(LOGICAL, base) ? LOGICAL[base]?.(args) : undefined) ?? native(type);
}

function reading(column: ColumnSchema): ColumnReading {
  const render = quote(column.name);
  if (column.enumLabels) return { logical: { kind: 'enum', labels: column.enumLabels }, render, note: null };
  const money = parseType(column.type).base === 'money';
  return { logical: logicalOf(column.type), render: money ? `${render}::numeric` : render, note: null };
}

function proposeInt(bits: number, unsigned: boolean): string {
  const needed = unsigned ? bits + 1 : bits;
  return needed <= 16 ? 'smallint' : needed <= 32 ? 'integer' : needed <= 64 ? 'bigint' : 'numeric(20,0)';
}

const precisionText = (precision: number): string => (precision >= 6 ? '' : `(${precision})`);

function proposeDecimal(precision: number | null, scale: number | null): string {
  if (precision === null || precision > 1000) return 'numeric';
  return `numeric(${precision},${scale ?? 0})`;
}

function proposeText(maxChars: number | null, padded: boolean): string {
  if (maxChars === null || maxChars < 1 || maxChars > LONGEST_VARCHAR) return 'text';
  return padded ? `character(${maxChars})` : `character varying(${maxChars})`;
}

function proposeBits(length: number | null, varying: boolean): string {
  if (!varying) return `bit(${length ?? 1})`;
  return length === null ? 'bit varying' : `bit varying(${length})`;
}

/** A total table by kind: each entry gets its own shape of logical type. */
type ByKind<Rest extends readonly unknown[], Result> = {
  readonly [K in LogicalKind]: (logical: Extract<LogicalType, { kind: K }>, ...rest: Rest) => Result;
};

const itself = ({ kind }: { readonly kind: string }): string => kind;

const PROPOSED: ByKind<[], string> = {
  int: ({ bits, unsigned }) => proposeInt(bits, unsigned ?? false),
  decimal: ({ precision, scale }) => proposeDecimal(precision, scale),
  float64: () => 'double precision',
  float32: () => 'real',
  boolean: itself,
  text: ({ maxChars, padded }) => proposeText(maxChars, padded ?? false),
  bytes: () => 'bytea',
  date: itself,
  time: ({ precision, zone }) => `time${precisionText(precision)} ${zone ? 'with' : 'without'} time zone`,
  timestamp: ({ precision }) => `timestamp${precisionText(precision)} without time zone`,
  timestamptz: ({ precision }) => `timestamp${precisionText(precision)} with time zone`,
  interval: itself,
  json: itself,
  jsonb: itself,
  xml: itself,
  uuid: itself,
  enum: () => 'text',
  bits: ({ length, varying }) => proposeBits(length, varying),
  native: ({ product, type }) => (product === PRODUCT ? type : 'text'),
  any: () => 'text',
};

const propose = (logical: LogicalType): string =>
  (PROPOSED[logical.kind] as (logical: LogicalType) => string)(logical);

function writeText(
  logical: LogicalType & { kind: 'text' },
  to: TypeText,
  column: string,
): ColumnWriting | null {
  const [length] = to.args;
  const limits: Limits = { kind: 'text', maxChars: length ?? null, nul: false };
  if (to.base === 'text' || (to.base === 'character varying' && length === undefined))
    return { ...exactly(column), limits };
  if (to.base === 'character varying') {
    const fits = logical.maxChars !== null && logical.maxChars <= (length ?? 0);
    if (fits) return { ...exactly(column), limits };
    return merging(
      column,
      `texts longer than ${length} characters are refused, blanks beyond them are cut`,
      limits,
    );
  }
  if (to.base === 'character') {
    if (length === undefined) return exactly(column);
    const same = logical.padded === true && logical.maxChars === length;
    return same
      ? exactly(column)
      : merging(column, `padded with blanks to ${length} characters, longer ones refused`);
  }
  // A literal of bytea reads backslashes in its own way: the text would change in silence.
  if (to.base === 'bytea') return null;
  return {
    ...merging(column, `texts that are no ${to.base} are refused, others take its usual form`),
    ...unrounded(to, column),
  };
}

/** Numbers of which the column would round some. */
function unrounded({ base, args }: TypeText, column: string): Partial<ColumnWriting> {
  if (base === 'money') return { load: `(${loadWhole(2)})::money`, render: `(${column})::numeric` };
  return base === 'numeric' && args.length > 0 ? { load: loadWhole(args[1] ?? 0) } : {};
}

const ENDS: Readonly<Record<string, readonly [from: string, upto: string]>> = {
  date: ['4713-01-01 BC', '5874897-12-31'],
  time: ['00:00:00', '24:00:00'],
  timestamp: ['4713-01-01 00:00:00 BC', '294276-12-31 23:59:59'],
};

function momentLimits(base: string, digits: number): Limits {
  const [from, upto] = ENDS[base.split(' ')[0] ?? ''] ?? ['', ''];
  const zone = base === ZONED ? '+00' : '';
  const last = base.startsWith('timestamp') ? endOfSecond(upto, digits) : upto;
  return { kind: 'moment', from: from.replace(/(?= BC)|$/, zone), upto: last + zone, digits };
}

/** A fraction of seconds: kinds that are stored with fewer digits are rounded. */
function writeMoment(precision: number, to: TypeText, render: string): ColumnWriting {
  const kept = to.args[0] ?? 6;
  const limits = momentLimits(to.base, kept);
  return kept >= Math.min(precision, 6) && precision <= 6
    ? { ...exactly(render), limits }
    : merging(render, `fractions of a second are rounded to ${kept} digits`, limits);
}

const NAIVE = 'timestamp without time zone';
const ZONED = 'timestamp with time zone';

function writeDate(to: TypeText, column: string): ColumnWriting | null {
  if (to.base === 'date') return { ...exactly(column), limits: momentLimits('date', 0) };
  return to.base === NAIVE || to.base === ZONED ? exactly(`(${column})::date`) : null;
}

/** The session's zone is UTC: the one kind read as the other is the same moment. */
function writeTimestamp(own: string, precision: number, to: TypeText, column: string): ColumnWriting | null {
  if (to.base === own) return writeMoment(precision, to, column);
  if (to.base !== NAIVE && to.base !== ZONED) return null;
  const moment = writeMoment(precision, to, `(${column} AT TIME ZONE 'UTC')`);
  return { ...moment, note: moment.note ?? 'taken as UTC' };
}

function writeBits(
  logical: LogicalType & { kind: 'bits' },
  to: TypeText,
  column: string,
): ColumnWriting | null {
  const [length] = to.args;
  if (to.base === 'bit varying') {
    const fits = length === undefined || (logical.length !== null && logical.length <= length);
    return fits ? exactly(column) : roughly(column, `more than ${length} bits are refused`);
  }
  if (to.base !== 'bit') return null;
  const same = !logical.varying && logical.length === (length ?? 1);
  return same ? exactly(column) : roughly(column, `other lengths than ${length ?? 1} bits are refused`);
}

function writeBoolean(to: TypeText, column: string): ColumnWriting | null {
  if (to.base === 'boolean') return exactly(column);
  if (INT_BITS[to.base] === undefined) return null;
  const render = `CASE ${column} WHEN 1 THEN 't' WHEN 0 THEN 'f' ELSE (${column})::text END`;
  return { load: `($value)::boolean::integer`, render, exact: true, note: 'true is 1, false is 0' };
}

/** Kinds with a type of their own in PostgreSQL; every other target but text is refused. */
function writeOwn(kind: string, to: TypeText, column: string): ColumnWriting | null {
  if (to.base === kind) return exactly(column);
  if (kind === 'jsonb' && to.base === 'json') return exactly(column);
  if (kind === 'json' && to.base === 'jsonb')
    return merging(column, 'jsonb keeps neither blanks, key order nor repeated keys');
  return null;
}

/** Not one of ours: a type of an extension or of the user, whose input decides what it takes. */
const isForeign = (to: TypeText): boolean => !Object.hasOwn(LOGICAL, to.base);

function writeEnum(to: TypeText, column: string): ColumnWriting | null {
  return isForeign(to) ? roughly(column, 'labels that the target type lacks are refused') : null;
}

const ofItsOwn = ({ kind }: { readonly kind: string }, to: TypeText, column: string) =>
  writeOwn(kind, to, column);

const WRITTEN: ByKind<[to: TypeText, column: string], ColumnWriting | null> = {
  int: writeInt,
  decimal: writeDecimal,
  float64: ({ kind }, to, column) => writeFloat(kind, to, column),
  float32: ({ kind }, to, column) => writeFloat(kind, to, column),
  boolean: (_, to, column) => writeBoolean(to, column),
  text: writeText,
  bytes: (_, to, column) => (to.base === 'bytea' ? exactly(column) : null),
  date: (_, to, column) => writeDate(to, column),
  time: ({ precision, zone }, to, column) =>
    to.base === `time ${zone ? 'with' : 'without'} time zone` ? writeMoment(precision, to, column) : null,
  timestamp: ({ precision }, to, column) => writeTimestamp(NAIVE, precision, to, column),
  timestamptz: ({ precision }, to, column) => writeTimestamp(ZONED, precision, to, column),
  interval: ofItsOwn,
  json: ofItsOwn,
  jsonb: ofItsOwn,
  xml: ofItsOwn,
  uuid: ofItsOwn,
  enum: (_, to, column) => writeEnum(to, column),
  bits: writeBits,
  native: () => null,
  any: () => null,
};

const writeByKind = WRITTEN as Readonly<
  Record<LogicalKind, (logical: LogicalType, to: TypeText, column: string) => ColumnWriting | null>
>;

/** What a reader must know of a value that a text column holds. */
function asTextNote(logical: LogicalType): string | null {
  if (logical.kind === 'enum') return null;
  if (logical.kind === 'native') return `kept as the text of ${logical.type}`;
  if (logical.kind === 'any')
    return String.raw`each value is kept as text behind the letter of its storage class (i1, r1.5, ttext, b\x00): the column holds any`;
  return `kept as text, in the form of ${logical.kind}`;
}

function writing(
  logical: LogicalType,
  target: { readonly name: string; readonly type: string },
): ColumnWriting | null {
  const column = quote(target.name);
  const to = parseType(target.type);
  if (logical.kind === 'native' && logical.product === PRODUCT && logical.type === target.type)
    return exactly(column);
  const direct = writeByKind[logical.kind](logical, to, column);
  if (direct) return direct;
  const unlimited = to.base === 'text' || (to.base === 'character varying' && to.args.length === 0);
  if (unlimited) return exactly(column, asTextNote(logical));
  const limited = to.base === 'character varying' && logical.kind !== 'any';
  return limited
    ? merging(column, `texts longer than ${to.args[0]} characters are refused, blanks beyond them are cut`)
    : null;
}

/**
 * Types whose binary form is the same on every server and says all: no object numbers of user types, no locale, no
 * parameters but those compared below.
 */
const BINARY = new Set(
  [
    'smallint|integer|bigint|oid|numeric|real|double precision|boolean|text|character varying',
    'character|name|bytea|date|time without time zone|time with time zone|timestamp without time zone',
    'timestamp with time zone|interval|json|jsonb|uuid|bit|bit varying|inet|cidr|macaddr|macaddr8',
    'point|line|lseg|box|path|polygon|circle',
  ].flatMap((names) => names.split('|')),
);
const TEXTS = new Set(['text', 'character varying']);

function binaryCompatible(source: ColumnSchema, targetType: string): boolean {
  if (source.enumLabels)
    return TEXTS.has(parseType(targetType).base) && parseType(targetType).args.length === 0;
  const from = parseType(source.type);
  const to = parseType(targetType);
  const element = from.base.endsWith('[]')
    ? (ALIASES[from.base.slice(0, -2)] ?? from.base.slice(0, -2))
    : from.base;
  if (!BINARY.has(element)) return false;
  if (from.base === to.base && from.args.join() === to.args.join()) return true;
  if (!TEXTS.has(from.base) || !TEXTS.has(to.base)) return false;
  return to.args.length === 0 || (from.args[0] !== undefined && from.args[0] <= (to.args[0] ?? 0));
}

const BINARY_COLLATIONS = new Set(['C', 'POSIX', 'ucs_basic', 'C.UTF-8', 'C.utf8', 'pg_c_utf8']);

/** Decimals and dates are left out: as texts elsewhere they are ordered in another way. */
function portableOrder(column: ColumnSchema): boolean {
  const { base } = parseType(column.type);
  if (base === 'text' || base === 'character varying') return BINARY_COLLATIONS.has(column.collation ?? '');
  return INT_BITS[base] !== undefined || base === 'uuid' || base === 'bytea';
}

/** Blanks at the end of a padded text are none; a collation that is not deterministic takes other texts for the same. */
const folds: NonNullable<TypeMap['folds']> = ({ type, collation, nondeterministic }) => [
  ...(parseType(type).base === 'character' ? ['blanks'] : []),
  ...(nondeterministic === true ? [collation ?? 'a collation'] : []),
];

export const types: TypeMap = {
  reading,
  fit,
  withoutZeros,
  propose,
  writing,
  binaryCompatible,
  folds,
  portableOrder,
};
