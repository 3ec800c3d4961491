import type { LogicalType } from './logical-type.ts';

/** The products as dialects name them. */
export const MATRIX_PRODUCTS = ['postgresql', 'mysql', 'oracle', 'sqlite'] as const;
export type MatrixProduct = (typeof MATRIX_PRODUCTS)[number];

/** What a product makes of a logical type where it creates the column. */
export interface MatrixCell {
  readonly type: string;
  /** Every value of the logical type arrives as it was. */
  readonly exact: boolean;
  /** What is refused or altered, or how the value is kept; null: there is nothing to say. */
  readonly why: string | null;
}

export interface MatrixRow extends Readonly<Record<MatrixProduct, MatrixCell>> {
  readonly logical: LogicalType;
}

const exact = (type: string, why: string | null = null): MatrixCell => ({ type, exact: true, why });
const lossy = (type: string, why: string): MatrixCell => ({ type, exact: false, why });

const NO_NAN = 'NaN and infinities are refused';
const YEARS = 'years before 1 or after 9999 and infinity are refused';
const kept = (kind: string): string => `kept as text, in the form of ${kind}`;
/** VARCHAR2 and RAW have none. */
const NO_EMPTY =
  'the empty text becomes NULL, for Oracle has no other; refused where the column takes no NULL';
const CALENDAR = 'years before 4712 BC or after 9999, infinity, and days that Oracle has not, are refused';
const MINUS_ZERO = 'minus zero becomes zero';
const TAGGED = String.raw`each value is kept as text behind the letter of its storage class (i1, r1.5, ttext, b\x00): the column holds any`;

/**
 * The contract of types: logical type by product. The type maps of the databases do what stands here and a unit test holds them to
 * it; docs/reference/types.md is generated from it. A mark such as 12 and 2 digits stands for all sizes.
 */
export const TYPE_MATRIX: readonly MatrixRow[] = [
  {
    logical: { kind: 'int', bits: 8 },
    postgresql: exact('smallint'),
    mysql: exact('tinyint'),
    oracle: exact('NUMBER(3)'),
    sqlite: exact('INTEGER'),
  },
  {
    logical: { kind: 'int', bits: 16 },
    postgresql: exact('smallint'),
    mysql: exact('smallint'),
    oracle: exact('NUMBER(5)'),
    sqlite: exact('INTEGER'),
  },
  {
    logical: { kind: 'int', bits: 32 },
    postgresql: exact('integer'),
    mysql: exact('int'),
    oracle: exact('NUMBER(10)'),
    sqlite: exact('INTEGER'),
  },
  {
    logical: { kind: 'int', bits: 64 },
    postgresql: exact('bigint'),
    mysql: exact('bigint'),
    oracle: exact('NUMBER(19)'),
    sqlite: exact('INTEGER'),
  },
  {
    logical: { kind: 'int', bits: 32, unsigned: true },
    postgresql: exact('bigint'),
    mysql: exact('int unsigned'),
    oracle: exact('NUMBER(10)'),
    sqlite: exact('INTEGER'),
  },
  {
    logical: { kind: 'int', bits: 64, unsigned: true },
    postgresql: exact('numeric(20,0)'),
    mysql: exact('bigint unsigned'),
    oracle: exact('NUMBER(20)'),
    sqlite: exact('DECIMAL_TEXT(20,0)'),
  },
  {
    logical: { kind: 'decimal', precision: 12, scale: 2 },
    postgresql: exact('numeric(12,2)'),
    mysql: lossy('decimal(12,2)', NO_NAN),
    oracle: lossy('NUMBER(12,2)', NO_NAN),
    sqlite: exact('DECIMAL_TEXT(12,2)'),
  },
  {
    logical: { kind: 'decimal', precision: 65, scale: 30 },
    postgresql: exact('numeric(65,30)'),
    mysql: lossy('decimal(65,30)', NO_NAN),
    oracle: exact('CLOB', kept('decimal')),
    sqlite: exact('DECIMAL_TEXT(65,30)'),
  },
  {
    logical: { kind: 'decimal', precision: 100, scale: 50 },
    postgresql: exact('numeric(100,50)'),
    mysql: exact('longtext', kept('decimal')),
    oracle: exact('CLOB', kept('decimal')),
    sqlite: exact('DECIMAL_TEXT(100,50)'),
  },
  {
    logical: { kind: 'decimal', precision: null, scale: null },
    postgresql: exact('numeric'),
    mysql: exact('longtext', kept('decimal')),
    oracle: exact('CLOB', kept('decimal')),
    sqlite: exact('DECIMAL_TEXT'),
  },
  {
    logical: { kind: 'float64' },
    postgresql: exact('double precision'),
    mysql: lossy('double', 'NaN and infinities are refused, minus zero becomes zero'),
    oracle: lossy('BINARY_DOUBLE', MINUS_ZERO),
    sqlite: exact('DOUBLE_BLOB'),
  },
  {
    logical: { kind: 'float32' },
    postgresql: exact('real'),
    mysql: lossy('double', 'NaN and infinities are refused, minus zero becomes zero'),
    oracle: lossy('BINARY_FLOAT', MINUS_ZERO),
    sqlite: exact('FLOAT4_BLOB'),
  },
  {
    logical: { kind: 'boolean' },
    postgresql: exact('boolean'),
    mysql: exact('tinyint(1)'),
    oracle: exact('NUMBER(1)', 'true is 1, false is 0'),
    sqlite: exact('BOOLEAN'),
  },
  {
    logical: { kind: 'text', maxChars: null },
    postgresql: exact('text'),
    mysql: exact('longtext'),
    oracle: exact('CLOB'),
    sqlite: exact('TEXT'),
  },
  {
    logical: { kind: 'text', maxChars: 40 },
    postgresql: exact('character varying(40)'),
    mysql: exact('varchar(40)'),
    oracle: lossy('VARCHAR2(40 CHAR)', NO_EMPTY),
    sqlite: exact('VARCHAR(40)'),
  },
  {
    logical: { kind: 'text', maxChars: 10, padded: true },
    postgresql: exact('character(10)'),
    mysql: exact('char(10)'),
    oracle: exact('CHAR(10 CHAR)'),
    sqlite: exact('CHAR(10)'),
  },
  {
    logical: { kind: 'bytes', maxBytes: null },
    postgresql: exact('bytea'),
    mysql: exact('longblob'),
    oracle: exact('BLOB'),
    sqlite: exact('BLOB'),
  },
  {
    logical: { kind: 'bytes', maxBytes: 16 },
    postgresql: exact('bytea'),
    mysql: exact('varbinary(16)'),
    oracle: lossy('RAW(16)', 'no bytes at all become NULL; refused where the column takes no NULL'),
    sqlite: exact('BLOB'),
  },
  {
    logical: { kind: 'date' },
    postgresql: exact('date'),
    mysql: lossy('date', YEARS),
    oracle: lossy('DATE', CALENDAR),
    sqlite: exact('DATE'),
  },
  {
    logical: { kind: 'time', precision: 6 },
    postgresql: exact('time without time zone'),
    mysql: exact('time(6)'),
    oracle: exact('VARCHAR2(40)', kept('time')),
    sqlite: exact('TIME'),
  },
  {
    logical: { kind: 'time', precision: 6, zone: true },
    postgresql: exact('time with time zone'),
    mysql: exact('longtext', kept('time')),
    oracle: exact('VARCHAR2(40)', kept('time')),
    sqlite: exact('TIMETZ'),
  },
  {
    logical: { kind: 'timestamp', precision: 6 },
    postgresql: exact('timestamp without time zone'),
    mysql: lossy('datetime(6)', YEARS),
    oracle: lossy('TIMESTAMP(6)', CALENDAR),
    sqlite: exact('TIMESTAMP'),
  },
  {
    logical: { kind: 'timestamp', precision: 3 },
    postgresql: exact('timestamp(3) without time zone'),
    mysql: lossy('datetime(3)', YEARS),
    oracle: lossy('TIMESTAMP(3)', CALENDAR),
    sqlite: exact('TIMESTAMP(3)'),
  },
  {
    logical: { kind: 'timestamptz', precision: 6 },
    postgresql: exact('timestamp with time zone'),
    mysql: lossy('datetime(6)', 'kept as UTC; years before 1 or after 9999 and infinity are refused'),
    oracle: lossy('TIMESTAMP(6) WITH TIME ZONE', CALENDAR),
    sqlite: exact('TIMESTAMPTZ'),
  },
  {
    logical: { kind: 'interval' },
    postgresql: exact('interval'),
    mysql: exact('varchar(255)', kept('interval')),
    oracle: exact('VARCHAR2(400)', kept('interval')),
    sqlite: exact('DURATION_TEXT'),
  },
  {
    logical: { kind: 'json' },
    postgresql: exact('json'),
    mysql: exact('longtext'),
    oracle: exact('CLOB'),
    sqlite: exact('JSON_TEXT'),
  },
  {
    logical: { kind: 'jsonb' },
    postgresql: exact('jsonb'),
    mysql: exact('longtext'),
    oracle: exact('CLOB'),
    sqlite: exact('JSONB_TEXT'),
  },
  {
    logical: { kind: 'xml' },
    postgresql: exact('xml'),
    mysql: exact('longtext'),
    oracle: exact('CLOB'),
    sqlite: exact('XML_TEXT'),
  },
  {
    logical: { kind: 'uuid' },
    postgresql: exact('uuid'),
    mysql: exact('char(36)'),
    oracle: exact('VARCHAR2(36)'),
    sqlite: exact('UUID'),
  },
  {
    logical: { kind: 'enum', labels: ['a', 'b'] },
    postgresql: exact('text'),
    mysql: exact("enum('a','b')"),
    oracle: exact('VARCHAR2(1 CHAR)'),
    sqlite: exact('TEXT'),
  },
  {
    logical: { kind: 'bits', length: 8, varying: false },
    postgresql: exact('bit(8)'),
    mysql: exact('bit(8)'),
    oracle: exact('VARCHAR2(8 CHAR)', kept('bits')),
    sqlite: exact('BIT_TEXT(8)'),
  },
  {
    logical: { kind: 'bits', length: 100, varying: false },
    postgresql: exact('bit(100)'),
    mysql: exact('longtext', kept('bits')),
    oracle: exact('VARCHAR2(100 CHAR)', kept('bits')),
    sqlite: exact('BIT_TEXT(100)'),
  },
  {
    logical: { kind: 'bits', length: 8, varying: true },
    postgresql: exact('bit varying(8)'),
    mysql: exact('longtext', kept('bits')),
    oracle: lossy('VARCHAR2(8 CHAR)', `${kept('bits')}; ${NO_EMPTY}`),
    sqlite: exact('VARBIT_TEXT(8)'),
  },
  {
    logical: { kind: 'any' },
    postgresql: exact('text', TAGGED),
    mysql: exact('longtext', TAGGED),
    oracle: exact('CLOB', TAGGED),
    sqlite: exact('ANY_BLOB'),
  },
];
