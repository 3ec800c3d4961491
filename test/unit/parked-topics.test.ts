import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseRetries, type ParkedRow } from '../../src/engine/capture/parking/choose-retries.ts';
import { timeOf } from '../../src/engine/capture/parking/parked-tables.ts';
import { ANY_KEY } from '../../src/engine/ports/event-parking.ts';
import { ParkedKeys } from '../../src/engine/topics/parking/parked-keys.ts';
import { rowKeyOf } from '../../src/engine/topics/parking/row-key.ts';
import type { ChangeEvent } from '../../src/model/change-event.ts';
import { PARKED_STATES } from '../../src/model/quarantine.ts';

const row = (event: number, more: Partial<ParkedRow> = {}): ParkedRow => ({
  event: String(event),
  table: 1,
  key: 'a',
  state: 'behind',
  isDue: true,
  isSealed: false,
  bytes: 10,
  ...more,
});
const WIDE = { events: 100, bytes: 1_000 };
const chosen = (
  rows: readonly ParkedRow[],
  limits = WIDE,
  policy: Parameters<typeof chooseRetries>[2] = {},
): readonly string[] => chooseRetries(rows, limits, policy).map(({ event }) => event);

describe('a claim of events that are set apart', () => {
  test('has what is due and what waits behind it, and nothing that waits behind another one', () => {
    const waiting = { state: 'waiting' } as const;
    expect(chosen([row(1, waiting), row(2), row(3, { key: 'b' }), row(4)])).toEqual(['1', '2', '3', '4']);
    expect(chosen([row(1, { ...waiting, isDue: false }), row(2), row(3, { key: 'b' })])).toEqual(['3']);
    expect(chosen([row(1, { state: 'final' }), row(2)])).toEqual([]);
    expect(chosen([row(1, { isSealed: true }), row(2)])).toEqual([]);
    expect(chosen([row(1, { state: 'final', key: '' }), row(2, { key: '' })])).toEqual(['2']);
  });

  test('holds a whole table behind what concerns all of its keys, and that behind all of them', () => {
    const final = { state: 'final' } as const;
    expect(chosen([row(1, { ...final, key: ANY_KEY }), row(2), row(3, { table: 2 })])).toEqual(['3']);
    expect(chosen([row(1, final), row(2, { key: ANY_KEY }), row(3, { key: 'b' })])).toEqual([]);
    expect(chosen([row(1), row(2, { key: ANY_KEY }), row(3, { key: 'b' })])).toEqual(['1', '2', '3']);
  });

  test('has whatever is due where keys keep no order, and what was behind when they did', () => {
    const notDue = { state: 'waiting', isDue: false } as const;
    const rows = [row(1, { state: 'final' }), row(2, notDue), row(3, { state: 'waiting' }), row(4)];
    expect(chosen(rows)).toEqual([]);
    expect(chosen(rows, WIDE, { ordering: 'none' })).toEqual(['3', '4']);
  });

  test('ends where no more fits, with one event at least', () => {
    expect(chosen([row(1), row(2), row(3)], { events: 2, bytes: 1_000 })).toEqual(['1', '2']);
    expect(chosen([row(1, { bytes: 5_000 }), row(2)])).toEqual(['1']);
  });

  test('never has an event whose key has an earlier one outside', () => {
    const rows = fc.array(
      fc.record({
        table: fc.integer({ min: 1, max: 2 }),
        key: fc.constantFrom('', 'a', 'b', ANY_KEY),
        state: fc.constantFrom(...PARKED_STATES),
        isDue: fc.boolean(),
        isSealed: fc.boolean(),
        bytes: fc.integer({ min: 1, max: 500 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 12 }), (made, events) => {
        const all = made.map((each, at) => row(at + 1, each));
        const taken = new Set(chooseRetries(all, { events, bytes: 2_000 }));
        for (const [at, each] of all.entries()) {
          if (!taken.has(each)) continue;
          expect(each.isSealed || each.state === 'final').toBe(false);
          if (each.key === '') continue;
          const before = all
            .slice(0, at)
            .filter((one) => one.table === each.table && one.key !== '')
            .filter((one) => one.key === each.key || [one.key, each.key].includes(ANY_KEY));
          for (const one of before) expect(taken.has(one)).toBe(true);
        }
      }),
    );
  });
});

describe('what is set apart', () => {
  const mark = (event: number, key = 'a', table = 1) => ({ event: String(event), table, key });

  test('is waited for by later events of its key, and of its table where it concerns all keys', () => {
    const keys = new ParkedKeys([mark(5), mark(9, ANY_KEY, 2), mark(7, '', 3)]);
    expect(keys.holds(mark(6))).toBe(true);
    expect(keys.holds(mark(4))).toBe(false);
    expect(keys.holds(mark(6, 'b'))).toBe(false);
    expect(keys.holds(mark(6, ANY_KEY))).toBe(true);
    expect(keys.holds(mark(10, 'b', 2))).toBe(true);
    expect(keys.holds(mark(8, 'b', 2))).toBe(false);
    expect(keys.holds(mark(8, '', 3))).toBe(false);
    expect(keys.size).toBe(3);
  });

  test('is waited for by nothing where keys keep no order, and remembered until it is on its way', () => {
    const keys = new ParkedKeys([mark(5), mark(6), mark(9, ANY_KEY)], { ordering: 'none' });
    expect([mark(7), mark(10), mark(11, ANY_KEY)].map((each) => keys.holds(each))).toEqual([
      false,
      false,
      false,
    ]);
    keys.release(['6', '9']);
    expect([keys.size, keys.has('5')]).toEqual([1, true]);
  });

  test('is waited for no more once it is released, and again when it is set apart again', () => {
    const keys = new ParkedKeys([mark(5), mark(6), mark(30)]);
    keys.release(['5', '6', '77']);
    expect(keys.holds(mark(20))).toBe(false);
    expect(keys.holds(mark(31))).toBe(true);
    keys.add(mark(5));
    expect(keys.holds(mark(6))).toBe(true);
    keys.release(['5']);
    expect(keys.holds(mark(29))).toBe(false);
    keys.release(['30']);
    expect(keys.size).toBe(0);
    expect(keys.holds(mark(31))).toBe(false);
  });
});

test('what was given up is waited for no more once what stood behind it is on its way', () => {
  const mark = (event: number, key = 'a') => ({ event: String(event), table: 1, key });
  const keys = new ParkedKeys([mark(5), mark(6), mark(7, 'b'), mark(9, ANY_KEY), mark(12)]);
  keys.release(['6']);
  expect(keys.has('5')).toBe(false);
  expect(keys.holds(mark(8, 'b'))).toBe(true);
  expect(keys.holds(mark(8))).toBe(false);
  keys.release(['12']);
  expect(keys.holds(mark(13, 'c'))).toBe(false);
  expect(keys.size).toBe(1);
  const all = new ParkedKeys([mark(5), mark(7, 'b'), mark(9, ANY_KEY)]);
  all.release(['9']);
  expect(all.size).toBe(0);
});

describe('the order of a row’s events', () => {
  const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  const event = (more: Partial<ChangeEvent>): ChangeEvent => ({
    id: '1',
    table: 1,
    operation: 'U',
    transaction: '',
    at: '',
    user: '',
    key: null,
    old: null,
    new: null,
    ...more,
  });
  const table = (primaryKey: readonly string[], keyIsPrimary = false) => ({ primaryKey, keyIsPrimary });

  test('goes by the primary key, to the last digit, whatever key its messages have', () => {
    const payload = bytes(
      '{"N": {"text": "a,b:}"}, "ID": 12345678901234567890.10, "Straße": "a\\"b, {c", "x": [1, 2]}',
    );
    expect(rowKeyOf(event({ new: payload }), table(['Straße', 'ID']))).toBe(
      '{"Straße": "a\\"b, {c", "ID": 12345678901234567890.10}',
    );
    expect(rowKeyOf(event({ old: '{"ID": 7}', operation: 'D' }), table(['ID']))).toBe('{"ID": 7}');
    expect(rowKeyOf(event({ key: bytes('{"ID": "ä"}') }), table(['ID'], true))).toBe('{"ID": "ä"}');
  });

  test('is that of the whole table where it cannot be told, and none without a primary key', () => {
    expect(rowKeyOf(event({ operation: 'T', key: null }), table(['ID'], true))).toBe(ANY_KEY);
    expect(rowKeyOf(event({ new: '{"sluice": "not recorded"}' }), table(['ID']))).toBe(ANY_KEY);
    expect(rowKeyOf(event({ new: '{"ID": ' }), table(['ID']))).toBe(ANY_KEY);
    expect(rowKeyOf(event({}), table(['ID'], true))).toBe(ANY_KEY);
    expect(rowKeyOf(event({ new: '{"ID": 1}' }), table([]))).toBe('');
  });
});

test('times are canonical', () => {
  expect(timeOf(Date.UTC(2026, 10, 30, 16, 47, 20, 500))).toBe('2026-11-30 16:47:20.5+00');
  expect(timeOf(Date.UTC(2026, 10, 30, 16, 0, 0))).toBe('2026-11-30 16:00:00+00');
});
