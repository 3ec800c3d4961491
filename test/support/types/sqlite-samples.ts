import {
  BYTE_EDGES,
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
} from './samples.ts';

const plain = (text: string): string => text;
const text = (value: string): string => `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`;
const hex = (value: string): string => `x'${value}'`;
const float = (value: string): string => {
  if (value === 'NaN') return "'NaN'";
  if (value.endsWith('Infinity')) return `${value.startsWith('-') ? '-' : ''}9e999`;
  return /[.e]/.test(value) ? value : `${value}.0`;
};
const FLOATS = [...DOUBLE_EDGES, '-0', 'Infinity', '-Infinity'];

/** A value of any storage class: `t:` before a text, SQL otherwise. */
const odd = (value: string): string => (value.startsWith('t:') ? text(value.slice(2)) : value);

/** What a file holds that nobody checked: values that its declared types know, and others. */
export const SQLITE_SAMPLES: readonly TypeSamples[] = [
  { type: 'INTEGER', ...integers(64), literal: plain },
  { type: 'INT', edges: ['1', '1.5', 't:abc', "x'00'", 't: 7 '], literal: odd },
  { type: 'REAL', edges: FLOATS, any: doubles, literal: float },
  { type: 'DOUBLE_BLOB', edges: [...FLOATS, 'NaN'], any: doubles, literal: float },
  { type: 'FLOAT4_BLOB', edges: [...FLOAT_EDGES, '-0', 'NaN', 'Infinity'], any: floats, literal: float },
  { type: 'FLOAT', edges: ['9007199254740993', 't:abc', "x'00'", '1'], literal: odd },
  {
    type: 'NUMERIC',
    edges: ['1.10', '12345678901234567890', '1e30', '0.1', 't:abc', '-0.0', '9e999'],
    literal: odd,
  },
  { type: 'DECIMAL(10,2)', edges: ['1.10', '1.555', '99999999.99', '123456789012', 't:x'], literal: odd },
  {
    type: 'DECIMAL_TEXT(12,2)',
    edges: [...decimals(10, 2).edges, '1.5', '1.555', 'NaN', 'x'],
    any: decimals(10, 2).any!,
    literal: text,
  },
  { type: 'DECIMAL_TEXT', ...decimals(60, 60), literal: text },
  { type: 'BOOLEAN', edges: ['0', '1', '2', "'t'", '1.5'], literal: plain },
  { type: 'TEXT', edges: [...TEXT_EDGES, ...WITH_NUL], any: texts(30), literal: text },
  {
    type: 'CLOB',
    edges: ["x'00'", "CAST(x'ff' AS TEXT)", "CAST(x'c328' AS TEXT)", "CAST(x'eda080' AS TEXT)"],
    literal: plain,
  },
  {
    type: 'VARCHAR(5)',
    edges: ['', 'abcde', 'abcdef', 'abcde ', '🙂🙂🙂🙂🙂', 'ä    '],
    any: texts(5),
    literal: text,
  },
  { type: 'BLOB', edges: [...BYTE_EDGES, LARGE_BYTES], any: bytes(40), literal: hex },
  { type: 'BINARY', edges: ["x'00'", 't:a', '1'], literal: odd },
  {
    type: 'DATE',
    edges: [
      '2024-02-29',
      '2023-02-29',
      '2024-13-01',
      '0044-03-15 BC',
      '0000-01-01',
      '24-1-1',
      'infinity',
      '10000-01-01',
      '2024-01-01 10:00',
      '',
    ],
    any: days(1, 9_999),
    literal: text,
  },
  {
    type: 'TIME',
    edges: ['00:00', '24:00:00', '24:00:01', '12:34:56.1234567', '25:00:00', '12:60:00', '1:00'],
    any: clocks,
    literal: text,
  },
  {
    type: 'TIMESTAMP',
    edges: [
      '2024-01-01T10:00:00.500',
      '2024-01-01 10:00',
      '2024-01-01 10:00:00Z',
      '2024-01-01',
      '0000-01-01 00:00:00',
      'now',
      '2024-02-30 00:00:00',
    ],
    any: moments(1, 9_999),
    literal: text,
  },
  {
    type: 'TIMESTAMPTZ',
    edges: [
      '2024-01-01T10:00:00+02:00',
      '2024-01-01 10:00:00',
      '2024-01-01 00:00:00-15:59',
      '0001-01-01 00:00:00+01',
      '2024-01-01T10:00:00Z',
    ],
    any: moments(1, 9_999),
    literal: text,
  },
  {
    type: 'JSON_TEXT',
    edges: [...JSON_EDGES, '01', 'NaN', '{a:1}', '', '{"a":1,}', '"\t"', '"\\u0000"'],
    any: documents,
    literal: text,
  },
  { type: 'JSON', edges: ['7', '1.5', 't:{"a": 1}', "x'00'", 't:1.10'], literal: odd },
  { type: 'XML_TEXT', edges: ['<a/>', '<a', 'x'], literal: text },
  {
    type: 'UUID',
    edges: [...UUIDS.edges, '{c0ffee00-1234-4abc-8def-0123456789ab}', 'x', ''],
    any: UUIDS.any!,
    literal: text,
  },
  {
    type: 'DURATION_TEXT',
    edges: ['PT0S', 'P1Y2M', 'P1Y2M3DT4H5M6.789S', '1 day', 'x', 'P14M', 'PT5M0S', 'P'],
    literal: text,
  },
  { type: 'BIT_TEXT(8)', edges: ['00000001', '0', '000000012', 'x', ''], literal: text },
  { type: 'VARBIT_TEXT(8)', edges: ['', '01', '000000001', 'x'], literal: text },
  {
    type: '',
    edges: ['1', '1.5', 't:a', 't:\t\\', "x'00ff'", '9007199254740993', '-0.0', '9e999'],
    literal: odd,
    oneWay: true,
  },
];
