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
  TEXT_EDGES,
  texts,
  type TypeSamples,
  UUIDS,
  WITH_NUL,
  words,
} from './samples.ts';

const plain = (text: string): string => text;
const text = (value: string): string =>
  `CONVERT(X'${Buffer.from(value).toString('hex')}' USING utf8mb4) COLLATE utf8mb4_bin`;
const hex = (value: string): string => `X'${value}'`;
const double = (value: string): string => (/[eE]/.test(value) ? value : `${value}e0`);
const fits =
  (chars: number) =>
  (value: string): boolean =>
    Array.from(value).length <= chars;
const ALL_TEXTS = [...TEXT_EDGES, ...WITH_NUL];

const SPANS = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 838 }), clocks)
  .map(([minus, hours, clock]) => `${minus ? '-' : ''}${hours}${clock.slice(2)}`);

/** What MariaDB holds. */
export const MARIADB_SAMPLES: readonly TypeSamples[] = [
  { type: 'tinyint(1)', edges: words('0 1 2 -1 127'), literal: plain },
  { type: 'tinyint', ...integers(8), literal: plain },
  { type: 'tinyint unsigned', ...integers(8, true), literal: plain },
  { type: 'smallint', ...integers(16), literal: plain },
  { type: 'mediumint unsigned', ...integers(24, true), literal: plain },
  { type: 'int', ...integers(32), literal: plain },
  { type: 'int(10) unsigned zerofill', ...integers(32, true), literal: plain },
  { type: 'bigint', ...integers(64), literal: plain },
  { type: 'bigint unsigned', ...integers(64, true), literal: plain },
  { type: 'decimal(65,30)', ...decimals(35, 30), literal: plain },
  { type: 'decimal(12,2)', ...decimals(10, 2), literal: plain },
  { type: 'decimal(65,0)', ...decimals(65, 0), literal: plain },
  { type: 'double', edges: [...DOUBLE_EDGES, '-0'], any: doubles, literal: double },
  { type: 'float', edges: [...FLOAT_EDGES, '-0'], any: floats, literal: double },
  { type: 'double(12,3)', edges: ['0', '1.5', '-123456789.123'], literal: double },
  {
    type: 'varchar(20)',
    edges: [...ALL_TEXTS.filter(fits(20)), '🙂'.repeat(20)],
    any: texts(20),
    literal: text,
  },
  { type: 'char(10)', edges: ALL_TEXTS.filter(fits(10)), any: texts(10), literal: text },
  { type: 'longtext', edges: ALL_TEXTS, any: texts(30), literal: text },
  { type: 'tinytext', edges: ['', 'a', 'ä'.repeat(127)], literal: text },
  {
    type: 'varchar(20) CHARACTER SET latin1',
    edges: Array.from({ length: 16 }, (_, row) =>
      Array.from({ length: 16 }, (_each, at) => (row * 16 + at).toString(16).padStart(2, '0')).join(''),
    ),
    literal: hex,
  },
  { type: 'varchar(20) CHARACTER SET utf8mb3', edges: ['ä€', ''], literal: text },
  { type: 'varbinary(300)', edges: BYTE_EDGES, any: bytes(40), literal: hex },
  { type: 'binary(16)', edges: ['', '00', '6100', 'ff'.repeat(16)], any: bytes(16), literal: hex },
  { type: 'longblob', edges: [...BYTE_EDGES, LARGE_BYTES], any: bytes(40), literal: hex },
  {
    type: 'date',
    edges: words(
      '0000-00-00 2024-00-00 2024-01-00 0000-01-01 0001-01-01 0099-12-31 0999-12-31 1000-01-01 2000-02-29 9999-12-31',
    ),
    any: days(1, 9_999),
  },
  {
    type: 'time(6)',
    edges: words(
      '00:00:00 24:00:00 24:00:00.000001 23:59:59.999999 -00:00:00.000001 -01:00:00 25:00:00 838:59:59.999999 -838:59:59.999999',
    ),
    any: SPANS,
  },
  { type: 'time', edges: words('00:00:00 23:59:59 24:00:00 100:00:00 -00:00:01') },
  {
    type: 'datetime(6)',
    edges: [
      '0000-00-00 00:00:00',
      '2024-00-00 00:00:00',
      '0000-01-01 00:00:00',
      '0001-01-01 00:00:00.1',
      '1000-01-01 00:00:00',
      '9999-12-31 23:59:59.999999',
      '2000-02-29 12:34:56.7',
      '1969-12-31 23:59:59',
    ],
    any: moments(1, 9_999),
  },
  { type: 'datetime', edges: ['0000-00-00 00:00:00', '2024-02-29 23:59:59', '9999-12-31 23:59:59'] },
  {
    type: 'timestamp(6) NULL',
    edges: [
      '0000-00-00 00:00:00',
      '1970-01-01 00:00:01',
      '2038-01-19 03:14:07.999999',
      '2024-03-31 01:30:00.5',
    ],
    any: moments(1971, 2037),
  },
  { type: 'year', edges: words('0000 1901 2155 2000'), literal: (value) => String(Number(value)) },
  { type: 'json', edges: JSON_EDGES, any: documents, literal: text },
  { type: "enum('a','B','it''s','1','2','ü')", edges: ['a', 'B', "it's", '1', '2', 'ü'], literal: text },
  { type: "set('x','y','z 1')", edges: ['', 'x', 'x,z 1', 'x,y,z 1'], literal: text },
  {
    type: 'bit(8)',
    edges: ['00000000', '11111111', '00000001'],
    any: bits(8),
    literal: (value) => `b'${value}'`,
  },
  { type: 'bit(1)', edges: ['0', '1'], literal: (value) => `b'${value}'` },
  {
    type: 'bit(64)',
    edges: ['1'.repeat(64), '0'.repeat(64)],
    any: bits(64),
    literal: (value) => `b'${value}'`,
  },
  { type: 'uuid', ...UUIDS },
  { type: 'inet6', edges: ['::1', '::ffff:1.2.3.4', 'ff02::2'], native: true },
  { type: 'inet4', edges: ['10.0.0.1'], native: true },
  {
    type: 'geometry',
    edges: [
      'POINT(1.5 -2)',
      'LINESTRING(0 0,1 1)',
      'POLYGON((0 0,0 1,1 1,0 0))',
      'GEOMETRYCOLLECTION(POINT(0.1 1e-7))',
    ],
    literal: (value) => `ST_GeomFromText('${value}', 4326)`,
    native: true,
    oneWay: true,
  },
];
