import fc from 'fast-check';
import {
  BYTE_EDGES,
  bits,
  bytes,
  clocks,
  days,
  decimals,
  documents,
  DOUBLE_EDGES,
  doubles,
  FLOAT_EDGES,
  floats,
  integers,
  JSON_EDGES,
  LARGE_BYTES,
  moments,
  SPECIAL_FLOATS,
  TEXT_EDGES,
  texts,
  type TypeSamples,
  UUIDS,
  words,
} from './samples.ts';

const hex = (text: string): string => `\\x${text}`;
const DAYS = [
  '4713-01-01 BC',
  '0044-03-15 BC',
  '0001-12-31 BC',
  '0001-01-01',
  '0099-12-31',
  '0999-12-31',
  '1000-01-01',

  '1582-10-10',
  '1900-02-28',
  '2000-02-29',
  '9999-12-31',
  '10000-01-01',
  '5874897-12-31',
  'infinity',
  '-infinity',
];
const MOMENTS = [
  '4713-01-01 00:00:00 BC',
  '0001-12-31 23:59:59.999999 BC',
  '0001-01-01 00:00:00',
  '1000-01-01 00:00:00',

  '1969-12-31 23:59:59.999999',
  '1970-01-01 00:00:00',
  '1970-01-01 00:00:01',
  '2038-01-19 03:14:07.999999',
  '2038-01-19 03:14:08',
  '2000-02-29 12:34:56.7',
  '9999-12-31 23:59:59.999999',
  '10000-01-01 00:00:00',
  '294276-12-31 23:59:59.999999',
  'infinity',
  '-infinity',
];
const fits =
  (chars: number) =>
  (text: string): boolean =>
    Array.from(text).length <= chars;
const notEmpty = (types: readonly string[], edges: readonly string[]): TypeSamples[] =>
  types.map((type) => ({ type, edges, native: true }));

/** What PostgreSQL 14 and later hold. */
export const POSTGRESQL_SAMPLES: readonly TypeSamples[] = [
  { type: 'smallint', ...integers(16) },
  { type: 'integer', ...integers(32) },
  { type: 'bigint', ...integers(64) },
  // An oid takes no other integers, for it makes large numbers of negative ones.
  { type: 'oid', ...integers(32, true), oneWay: true },
  {
    type: 'numeric',
    edges: [
      'NaN',
      'Infinity',
      '-Infinity',
      '0',
      '0.00',
      '1.1000',
      `-${'9'.repeat(65)}`,
      `0.${'0'.repeat(80)}1`,
      `1${'0'.repeat(300)}.${'9'.repeat(100)}`,
      '1e-400',
    ],
    any: fc.oneof(decimals(40, 30).any!, decimals(3, 0).any!, decimals(1, 60).any!),
  },
  { type: 'numeric(65,30)', edges: [...decimals(35, 30).edges, 'NaN'], any: decimals(35, 30).any! },
  { type: 'numeric(12,2)', edges: [...decimals(10, 2).edges, 'NaN'], any: decimals(10, 2).any! },
  { type: 'numeric(65,0)', ...decimals(65, 0) },
  { type: 'numeric(20,-2)', edges: ['0', '12300', '-99900'] },
  { type: 'numeric(2,5)', edges: ['0.00012', '-0.00099'] },
  { type: 'money', edges: ['0', '1.10', '-92233720368547758.08', '92233720368547758.07'] },
  { type: 'double precision', edges: [...DOUBLE_EDGES, ...SPECIAL_FLOATS], any: doubles },
  { type: 'real', edges: [...FLOAT_EDGES, ...SPECIAL_FLOATS], any: floats },
  { type: 'boolean', edges: ['t', 'f'] },
  { type: 'text', edges: TEXT_EDGES, any: texts(30) },
  {
    type: 'varchar(20)',
    edges: [...TEXT_EDGES.filter(fits(20)), '🙂'.repeat(20), `a${' '.repeat(19)}`],
    any: texts(20),
  },
  { type: 'char(10)', edges: TEXT_EDGES.filter(fits(10)), any: texts(10) },
  { type: 'bytea', edges: [...BYTE_EDGES, LARGE_BYTES].map(hex), any: bytes(40).map(hex) },
  { type: 'date', edges: DAYS, any: days(1, 12_000) },
  { type: 'time', edges: ['00:00:00', '24:00:00', '23:59:59.999999', '00:00:00.000001'], any: clocks },
  { type: 'time(0)', edges: ['00:00:00', '24:00:00', '23:59:59'] },
  { type: 'timetz', edges: ['00:00:00+00', '24:00:00-15:59', '12:00:00+05:30', '23:59:59.9+15:59:59'] },
  { type: 'timestamp', edges: MOMENTS, any: moments(1, 12_000) },
  { type: 'timestamp(3)', edges: ['2024-01-01 00:00:00.1', '1999-12-31 23:59:59.999'] },
  { type: 'timestamptz', edges: MOMENTS, any: moments(1, 12_000) },
  {
    type: 'interval',
    edges: [
      'PT0S',
      'P-1Y-2M3DT-4H',
      'P1Y2M3DT4H5M6.789S',
      '178000000 years',
      '-178000000 years',
      '1 mon -1 day +00:00:00.000001',
      '178000000 years -2147483648 days 2562047788:00:54.775807',
    ],
  },
  { type: 'json', edges: [...JSON_EDGES, '"\\u0000"'], any: documents },
  { type: 'jsonb', edges: JSON_EDGES.filter((text) => text !== '1e999'), any: documents },
  { type: 'xml', edges: ['<a b="c">d &amp; e\n</a>', '<a/>', 'x', '<é>🙂</é>'] },
  { type: 'uuid', ...UUIDS },
  { type: 'bit(8)', edges: ['00000000', '11111111', '00000001'], any: bits(8) },
  { type: 'bit(64)', edges: ['1'.repeat(64), `${'0'.repeat(63)}1`], any: bits(64) },
  { type: 'bit(70)', edges: ['1'.repeat(70)] },
  { type: 'bit varying', edges: ['', '0', '0101', '1'.repeat(100)], any: bits(70, 0) },
  { type: 'bit varying(8)', edges: ['', '0', '00000001'], any: bits(8, 0) },
  { type: 'mood', edges: ['sad', 'ok', '1', '2', 'ünï 🙂', "it's", 'a,b', '\\', 'A', 'a'] },
  { type: 'odd_mood', edges: ['', 'blank ', 'x'] },
  ...notEmpty(['inet'], words('10.0.0.1 10.0.0.0/8 ::1 ::ffff:1.2.3.4/100 255.255.255.255')),
  ...notEmpty(['cidr'], words('10.0.0.0/8 ::/0')),
  ...notEmpty(['macaddr'], ['08:00:2b:01:02:03']),
  ...notEmpty(['integer[]'], ['{}', '{1,2,NULL}', '[2:3]={7,8}', '{{1,2},{3,4}}', '[-1:0][2:2]={{1},{2}}']),
  ...notEmpty(['text[]'], ['{}', '{a,"b,c","",NULL,"\\"x\\\\\\\\","NULL"}', '{"\t\n\u0001"}', '{🙂}']),
  ...notEmpty(['double precision[]'], ['{NaN,-0,1e23,5e-324}']),
  ...notEmpty(['point'], ['(1.5,-2)', '(NaN,Infinity)', '(-0,5e-324)']),
  ...notEmpty(['polygon'], ['((0,0),(1,1),(1e23,0))']),
  ...notEmpty(['int4range'], ['[1,10)', 'empty', '(,)']),
  ...notEmpty(['tstzrange'], ['["2024-01-01 00:00:00+00","2024-06-01 00:00:00+00")', '(,infinity)']),
  ...notEmpty(['tsvector'], ["'a':1 'b c':2A"]),
  ...notEmpty(['pair'], ['(1,"x,y")', '(,)', '(-1,"\\"\\\\")']),
  ...notEmpty(['name'], ['a', '"b"', 'ü']),
];

/** Types of the user's own that the samples need. */
export const POSTGRESQL_TYPES = `CREATE TYPE mood AS ENUM ('sad', 'ok', '1', '2', 'ünï 🙂', 'it''s', 'a,b', '\\', 'A', 'a');
  CREATE TYPE odd_mood AS ENUM ('', 'blank ', 'x'); CREATE TYPE pair AS (a int, b text)`;
