import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeName, namesOf, ordinalOf, sharersOf, writersOf } from '../../src/hubs/nats/names.ts';

const LEGAL = /^[A-Za-z0-9_-]+$/;
const transfers = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
const topics = fc.record({ transfer: transfers, run: fc.integer({ min: 1, max: 99 }) });

describe('names of a run in NATS', () => {
  test('every name is legal', () => {
    fc.assert(
      fc.property(topics, (topic) => {
        const names = namesOf(topic);
        expect(names.dataStream).toMatch(LEGAL);
        expect(names.controlStream).toMatch(LEGAL);
        expect(names.dataSubject(3, 1).split('.')).toHaveLength(6);
        expect(ordinalOf(names.dataSubject(3, 1))).toBe(3);
      }),
    );
  });

  test('two runs never share a stream or a subject', () => {
    const tricky = fc.constantFrom(
      'a',
      'a ',
      'a_20',
      'a_20_5',
      'A',
      'a.b',
      'a_2eb',
      'a_5_CONTROL',
      'é',
      '*',
      '>',
    );
    const one = fc.record({ transfer: fc.oneof(transfers, tricky), run: fc.integer({ min: 1, max: 30 }) });
    const all = (topic: { transfer: string; run: number }): string[] => {
      const names = namesOf(topic);
      return [names.dataStream, names.controlStream, names.dataSubjects, names.controlSubject];
    };
    fc.assert(
      fc.property(one, one, (left, right) => {
        const same = left.transfer === right.transfer && left.run === right.run;
        const shared = all(left).filter((name) => all(right).includes(name));
        expect(shared.length > 0).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a plain name stays readable', () => {
    expect(encodeName('orders-2026')).toBe('orders-2026');
    expect(namesOf({ transfer: 'my orders', run: 2 })).toMatchObject({
      dataStream: 'SLUICE_my_20orders_2',
      controlStream: 'SLUICE_my_20orders_2_CONTROL',
      dataSubjects: 'sluice.my_20orders.2.data.*.*',
    });
  });

  test('the consumer of a stream carries the stream with it', () => {
    const created = '2026-11-21T12:05:48.620311582Z';
    expect(writersOf(created)).toBe('writers-20261121T120548620311582Z');
    expect(sharersOf(writersOf(created))).toBe(1);
    expect(sharersOf(writersOf(created, { part: 2, of: 10 }))).toBe(10);
  });

  test('of several consumers of a run each lane belongs to exactly one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(9_999), fc.nat(9_999), (of, ordinal, lane) => {
        const names = namesOf({ transfer: 'a', run: 1 });
        const shard = names.dataSubject(ordinal, lane).split('.').at(-1);
        const takers = Array.from({ length: of }, (_, index) =>
          names.shareSubjects({ part: index + 1, of }),
        ).filter((subjects) => subjects.includes(`sluice.a.1.data.*.${shard}`));
        expect(takers).toHaveLength(1);
      }),
    );
  });
});
