import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/engine/fingerprint.ts';
import { makeBatch } from '../support/make-batch.ts';

const { header, data } = makeBatch({ first: ['1', 'a'], last: ['9', 'b'], rows: 3 });

describe('the fingerprint', () => {
  test('is the same for the same rows, whatever run, lane, attempt and n carry them', () => {
    const elsewhere = { ...header, run: 9, lane: 8, attempt: 7, n: 6 };
    expect(fingerprint(elsewhere, data)).toBe(fingerprint(header, data));
    expect(fingerprint(header, data)).toMatch(/^[0-9a-f]{24}$/);
  });

  test.each([
    ['table', { ...header, table: 'public.other' }],
    ['row count', { ...header, rows: 4 }],
    ['first key', { ...header, first: ['1', 'b'] }],
    ['last key', { ...header, last: ['9'] }],
    ['lack of a first key', { ...header, first: null }],
  ])('is another for another %s', (_, other) => {
    expect(fingerprint(other, data)).not.toBe(fingerprint(header, data));
  });

  test('is another for data that differ in one byte or in length', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 500 });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, where, flip) => {
        const other = Uint8Array.from(sent);
        const at = where % other.byteLength;
        other[at] = (other[at] ?? 0) ^ flip;
        expect(fingerprint(header, other)).not.toBe(fingerprint(header, sent));
        expect(fingerprint(header, sent.subarray(1))).not.toBe(fingerprint(header, sent));
      }),
    );
  });

  test('does not take one split of a key for another', () => {
    const split = (first: readonly string[]) => fingerprint({ ...header, first }, data);
    expect(new Set([split(['a', 'b']), split(['a,b']), split(['a","b']), split(['ab'])]).size).toBe(4);
  });
});
