import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/engine/wire/fingerprint.ts';
import { makeBatch } from '../support/make-batch.ts';

const { header, data } = makeBatch({ first: ['1', 'a'], last: ['9', 'b'], rows: 3 });

describe('the fingerprint', () => {
  test('is the same for the same batch, and 24 hexadecimal digits', () => {
    expect(fingerprint({ ...header }, Buffer.from(data))).toBe(header.fingerprint);
    expect(header.fingerprint).toMatch(/^[0-9a-f]{24}$/);
  });

  test.each([
    ['table', { ...header, table: 'public.other' }],
    ['row count', { ...header, rows: 4 }],
    ['first key', { ...header, first: ['1', 'b'] }],
    ['last key', { ...header, last: ['9'] }],
    ['lack of a first key', { ...header, first: null }],
    ['transfer', { ...header, transfer: 'night' }],
    ['run', { ...header, run: 9 }],
    ['generation', { ...header, generation: 9 }],
    ['lane', { ...header, lane: 9 }],
    ['attempt', { ...header, attempt: 9 }],
    ['epoch', { ...header, epoch: 'aa' }],
    ['n', { ...header, n: 9 }],
    ['plan', { ...header, plan: 'aa' }],
    ['encoding', { ...header, encoding: 'binary-rows' }],
    ['number of bytes', { ...header, bytes: 9 }],
    ['end', { ...header, end: { rows: 3, bytes: 4 } }],
  ] as const)('is another for another %s', (_, other) => {
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
