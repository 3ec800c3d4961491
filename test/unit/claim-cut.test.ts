import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClaimCut, type PendingEvent } from '../../src/engine/capture/claim-cut.ts';
import type { ClaimLimits } from '../../src/engine/ports/change-capture.ts';
import { wholeEnd } from '../support/whole-end.ts';

/** Events of the claim that the first of these make, and how many were looked at. */
function cutOf(
  events: readonly PendingEvent[],
  limits: ClaimLimits,
): { readonly taken: number; readonly looked: number } {
  const cut = createClaimCut(limits);
  let looked = 0;
  for (const event of events) {
    if (!cut.add(event)) return { taken: cut.take(false), looked };
    looked += 1;
  }
  return { taken: cut.take(true), looked };
}

const BYTES = 1_000_000;
const named = (names: readonly (number | string)[]): readonly PendingEvent[] =>
  names.map((name) => ({ transaction: String(name), bytes: 1, at: null }));
const twice = (events: number): ClaimLimits => ({
  events,
  bytes: BYTES,
  whole: { events: 2 * events, bytes: 2 * BYTES },
});
const taken = (names: string, limits: ClaimLimits): number => cutOf(named(names.split('')), limits).taken;

describe('a claim', () => {
  test('ends at the last place within its limit that cuts no transaction', () => {
    expect(taken('aabbccdd', twice(5))).toBe(4);
    expect(taken('ababcdcd', twice(5))).toBe(4);
    expect(taken('abcdefgh', twice(5))).toBe(5);
  });

  test('ends at the first one behind its limit where there is none above a half of it', () => {
    expect(taken('abbbbbbbcc', twice(5))).toBe(8);
    expect(taken('abababaccdd', twice(5))).toBe(7);
  });

  test('is cut at its limit where transactions overlap farther than it may go', () => {
    expect(taken('aaaaaaaaaaaaaaaa', twice(5))).toBe(5);
    expect(taken('abacadaeafagahai', twice(4))).toBe(4);
  });

  test('has all that is pending where that is no more than it may have', () => {
    expect(taken('ababababa', twice(5))).toBe(9);
    expect(taken('', twice(5))).toBe(0);
  });

  test('is cut anywhere unless it is to be whole, with one event at least', () => {
    expect(taken('aaaa', { events: 3, bytes: BYTES })).toBe(3);
    expect(cutOf([{ transaction: 'a', bytes: 9, at: null }], { events: 3, bytes: 5 }).taken).toBe(1);
  });

  test('goes by bytes as by events', () => {
    const events = named('aabbccddeeff'.split('')).map((event) => ({ ...event, bytes: 10 }));
    const whole = { events: 100, bytes: 100 };
    expect(cutOf(events, { events: 50, bytes: 50, whole }).taken).toBe(4);
    expect(cutOf(events, { events: 50, bytes: 50, whole }).looked).toBeLessThanOrEqual(10);
  });

  test('is found with a look at little where it is found there, however far it may go', () => {
    const names = Array.from({ length: 100_000 }, (_, at) => at);
    const limits = { ...twice(100), whole: { events: 1_000_000, bytes: BYTES } };
    expect(cutOf(named(names), limits)).toEqual({ taken: 100, looked: 200 });
    const large = names.map((at) => (at < 5_000 ? 'large' : at));
    expect(cutOf(named(large), limits)).toMatchObject({ taken: 5_000 });
    expect(cutOf(named(large), limits).looked).toBeLessThanOrEqual(12_800);
  });

  test('is what the rule says, whatever overlaps', () => {
    const names = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60 });
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 15 }), (transactions, events) => {
        const expected = wholeEnd(transactions.map(String), events);
        expect(cutOf(named(transactions), twice(events)).taken).toBe(expected);
      }),
    );
  });
});

describe('events whose transactions are told by their times alone', () => {
  const timed = (times: readonly number[]): readonly PendingEvent[] =>
    times.map((at) => ({ transaction: '', bytes: 1, at }));

  test('are cut where the clock stood still for longest', () => {
    const times = [0, 1, 2, 6, 7, 8, 9, 15, 900, 901, 902, 903, 904];
    expect(cutOf(timed(times), twice(4)).taken).toBe(8);
    expect(cutOf(timed([...times, 905, 906].map((at) => at % 100)), twice(4)).taken).toBe(4);
    expect(cutOf(timed([0, 1, 2, 40, 41, 45, 46, 47, 48, 49, 50, 51, 900]), twice(4)).taken).toBe(3);
  });

  test('are cut at the limit where it never did', () => {
    expect(cutOf(timed(Array.from({ length: 50 }, () => 7)), twice(4)).taken).toBe(4);
  });

  test('are not cut by a clock that is set back', () => {
    expect(cutOf(timed([9_000, 9_001, 5, 6, 7, 8, 9, 10, 11]), twice(4)).taken).toBe(4);
  });
});
