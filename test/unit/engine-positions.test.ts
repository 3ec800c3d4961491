import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePosition, encodePosition } from '../../src/model/row-block.ts';
import { tableId } from '../../src/model/table-name.ts';
import { durationMs } from '../../src/model/transfer-spec.ts';

describe('a position', () => {
  test('comes back from its text as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (position) => {
        expect(decodePosition(encodePosition(position))).toEqual(position);
      }),
    );
  });

  test.each(['', '1', '"a"', '{}', '[1]', '["a", null]', 'null'])('is not read from %s', (text) => {
    expect(() => decodePosition(text)).toThrow(SyntaxError);
  });
});

describe('a table id', () => {
  test('is another for any other table', () => {
    const part = fc.string({
      unit: fc.constantFrom('a', 'A', '.', '"', '_', ' ', 'ä'),
      minLength: 1,
      maxLength: 4,
    });
    const name = fc.record({ schema: part, name: part });
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(tableId(one) === tableId(other)).toBe(one.schema === other.schema && one.name === other.name);
      }),
    );
  });
});

describe('a duration', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
  ])('%s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(['', '5', 's', '1.5s', '-1s', '5 s', '5d', '5ms '])('is not read from "%s"', (text) => {
    expect(() => durationMs(text)).toThrow(RangeError);
  });
});
