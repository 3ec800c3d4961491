import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { valueReading } from '../../src/engine/changes/payload-value.ts';
import { PayloadReader } from '../../src/engine/changes/read-payload.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import type { ColumnPlan } from '../../src/model/table-plan.ts';
import { cellOf, payloadOf, payloadValue } from '../support/changes.ts';
import {
  bits,
  bytes,
  clocks,
  days,
  decimals,
  doubles,
  integers,
  moments,
  texts,
} from '../support/types/samples.ts';

const column = (name: string, logical: LogicalType, changes: Partial<ColumnPlan> = {}): ColumnPlan =>
  ({ source: name, target: name, logical, load: null, policy: 'error', ...changes }) as ColumnPlan;

const readerOf = (columns: readonly ColumnPlan[], partly = false) =>
  new PayloadReader({
    columns: columns.map((each) => ({ name: each.source, ...valueReading(each, each.logical) })),
    partly,
    fail: (what) => new Error(what),
  });

/** Letters are bytes within the engine. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');
const read = (columns: readonly ColumnPlan[], payload: string): (string | undefined)[] =>
  readerOf(columns).read(bytesOf(cellOf(payload)));
const cell = (text: string | null): string => bytesOf(cellOf(text));

const TEXT: LogicalType = { kind: 'text', maxChars: null };
const INT: LogicalType = { kind: 'int', bits: 64 };

const KINDS: readonly (readonly [LogicalType, fc.Arbitrary<string>])[] = [
  [INT, integers(64).any!],
  [{ kind: 'decimal', precision: null, scale: null }, decimals(40, 40).any!],
  [{ kind: 'float64' }, doubles],
  [{ kind: 'boolean' }, fc.constantFrom('t', 'f')],
  [TEXT, texts(40)],
  [{ kind: 'bytes', maxBytes: null }, bytes(20).map((hex) => `\\x${hex}`)],
  [{ kind: 'date' }, days(1, 9999)],
  [{ kind: 'time', precision: 6 }, clocks],
  [{ kind: 'timestamp', precision: 6 }, moments(1, 9999)],
  [{ kind: 'timestamptz', precision: 6 }, moments(1, 9999).map((moment) => `${moment}+00`)],
  [{ kind: 'interval' }, fc.constantFrom('PT0S', 'P1Y2M3DT4H5M6.789S', 'P-1Y-2M3DT-4H')],
  [{ kind: 'json' }, fc.json()],
  [{ kind: 'uuid' }, fc.uuid()],
  [{ kind: 'bits', length: null, varying: true }, bits(9)],
];

describe('a payload', () => {
  test.each(KINDS)('gives back what a %o was recorded as', (logical, any) => {
    fc.assert(
      fc.property(fc.array(fc.option(any), { minLength: 1, maxLength: 6 }), (row) => {
        const columns = row.map((_, at) => column(`c${at}`, logical));
        const payload = payloadOf(
          columns.map(({ source: name }) => ({ name, logical })),
          row,
        );
        expect(read(columns, payload)).toEqual(row.map(cell));
      }),
    );
  });

  test('gives back any text under any name, however its letters are escaped', () => {
    const escaped = (text: string): string =>
      `"${[...text.matchAll(/[\s\S]/g)].map(([unit]) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
    const any = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.uniqueArray(any, { minLength: 1 }), any, fc.boolean(), (names, text, everything) => {
        const write = everything ? escaped : JSON.stringify;
        const columns = names.map((name) => column(name, TEXT));
        const members = names.map((name, at) => `${write(name)}:${write(`${text}${at}`)}`);
        const payload = `{${members.join(everything ? ' , ' : ',')}}`;
        expect(read(columns, payload)).toEqual(names.map((_, at) => cell(`${text}${at}`)));
      }),
    );
  });

  test('has its columns in any order, others beside them, and lacks some', () => {
    const reader = readerOf([
      column('a', INT),
      column('__proto__', TEXT),
      column('b', INT),
      column('c', INT),
    ]);
    expect(reader.read('{"b": 2, "other": "x", "__proto__": "p", "a": 1}')).toEqual([
      '1',
      'p',
      '2',
      undefined,
    ]);
    expect(reader.read('{"a":1,"b":null,"c":3,"__proto__":null}')).toEqual(['1', '\\N', '\\N', '3']);
    expect(reader.read(' { "other" : {"text": "x"}, "a" : 1 } ')).toEqual([
      '1',
      undefined,
      undefined,
      undefined,
    ]);
    expect(reader.read('{}')).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('is read as either way of the triggers wrote it, from one row to the next', () => {
    const reader = readerOf([column('a', INT), column('b', TEXT)]);
    const payloads = ['{"a": 1, "b": "x : "}', '{"a" : 2, "b" : "y"}', '{"a": 3, "b": null}'];
    expect(payloads.map((payload) => reader.read(bytesOf(cellOf(payload))))).toEqual([
      ['1', cell('x : ')],
      ['2', cell('y')],
      ['3', cell(null)],
    ]);
  });

  test.each([
    [
      'times in UTC',
      { kind: 'timestamptz', precision: 6 },
      '"0001-01-01T00:00:00.5+00:00 BC"',
      '0001-01-01 00:00:00.5+00 BC',
    ],
    ['endless times', { kind: 'timestamptz', precision: 6 }, '"-infinity"', '-infinity'],
    ['bytes in capitals', { kind: 'bytes', maxBytes: null }, '"00FF"', '\\\\x00ff'],
    ['a truth that is kept as a number', INT, 'true', '1'],
    [
      'a number with all of its digits',
      { kind: 'decimal', precision: null, scale: null },
      '12345678901234567890.1230',
      '12345678901234567890.1230',
    ],
    ['a number that is none', { kind: 'float64' }, '"NaN"', 'NaN'],
    ['a value of any class', { kind: 'any' }, '12', 'i12'],
    ['a value of any class with a fraction', { kind: 'any' }, '1.5', 'r1.5'],
  ] as const)('has %s', (_, logical, value, made) => {
    expect(read([column('c', logical)], `{"c": ${value}}`)).toEqual([made]);
  });

  test('keeps what a policy makes of values that the target does not hold', () => {
    const fit = { limits: { kind: 'text', maxChars: 2, nul: false }, altered: null } as const;
    const of = (policy: 'null' | 'clamp') => [column('c', TEXT, { policy, fit })];
    expect(read(of('clamp'), '{"c": "üä\\"x"}')).toEqual([bytesOf('üä')]);
    expect(read(of('null'), '{"c": "üäx"}')).toEqual(['\\N']);
    expect(read(of('null'), '{"c": "\\\\\\t"}')).toEqual(['\\\\\\t']);
  });

  test('is not looked at behind the last column that is wanted', () => {
    const reader = readerOf([column('k', INT)], true);
    expect(reader.read('{"a": "x", "k": 7, "rest": nonsense')).toEqual(['7']);
    expect(() => reader.read('{"a": nonsense, "k": 7}')).toThrow('none of JSON');
  });

  test.each([
    ['', 'no JSON object'],
    ['[]', 'no JSON object'],
    ['{"a": 1', 'no JSON object'],
    ['{"a": 1}x', 'behind its end'],
    ['{"a" 1}', 'no JSON object'],
    ['{a: 1}', 'name that is no text'],
    ['{"a": 01}', 'none of JSON'],
    ['{"a": +1}', 'none of JSON'],
    ['{"a": 1.}', 'none of JSON'],
    ['{"a": .5}', 'none of JSON'],
    ['{"a": NaN}', 'none of JSON'],
    ['{"a": nul}', 'none of JSON'],
    ['{"a": }', 'none of JSON'],
    ['{"a": {"b": 1}}', 'no text'],
    ['{"a": {"text": "x"}}', 'none of the type of a'],
    ['{"a": [1]}', 'none of JSON'],
    ['{"a": 1, "a": 2}', 'names a column twice'],
    ['{"a": 1,}', 'name that is no text'],
    ['{"t": "open}', 'ends within a text'],
    ['{"t": "\\x"}', 'escape that is none'],
    ['{"t": "\\u12"}', 'escape that is none'],
    ['{"t": "\\ud800"}', 'escape that is none'],
    ['{"t": "\\udc00\\ud800"}', 'escape that is none'],
    ['{"t": "a\u0001b"}', 'control character'],
    ['{"b": "abc"}', 'none of the type of b'],
    ['{"b": "0g"}', 'none of the type of b'],
    ['{"z": "2026-01-01T00:00:00+02:00"}', 'none of the type of z'],
    ['{"z": 5}', 'none of the type of z'],
  ])('%s is refused, and nothing of it is told', (payload, why) => {
    const columns = [
      column('a', INT),
      column('t', TEXT),
      column('b', { kind: 'bytes', maxBytes: null }),
      column('z', { kind: 'timestamptz', precision: 6 }),
    ];
    expect(() => read(columns, payload)).toThrow(why);
  });

  test('is the same to the test as the model says', () => {
    expect(payloadValue({ kind: 'timestamptz', precision: 6 }, '0044-03-15 00:00:00+00 BC')).toBe(
      '"0044-03-15T00:00:00+00:00 BC"',
    );
    expect(payloadValue({ kind: 'bytes', maxBytes: null }, '\\x00ff')).toBe('"00FF"');
    expect(payloadValue({ kind: 'decimal', precision: 3, scale: 1 }, 'NaN')).toBe('"NaN"');
  });
});
