import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign, type Claim } from '../../src/hubs/kafka/consume/assignment.ts';
import { Partition } from '../../src/hubs/kafka/consume/partition.ts';
import { parseProgress, type Progress, renderProgress } from '../../src/hubs/kafka/consume/progress.ts';

const progress = fc
  .record({
    floor: fc.nat(),
    given: fc.nat(10_000),
    runs: fc.array(
      fc.record({ gap: fc.integer({ min: 1, max: 50 }), count: fc.integer({ min: 1, max: 50 }) }),
      {
        maxLength: 40,
      },
    ),
  })
  .map(({ floor, given, runs }): Progress => {
    let at = floor;
    const done = runs.map(({ gap, count }) => {
      const first = at + gap;
      at = first + count;
      return { first, count };
    });
    return { floor, given: floor + given, done };
  });

describe('the progress of a partition', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(progress, (one) => {
        expect(parseProgress(one.floor, renderProgress(one))).toEqual(one);
      }),
    );
  });

  test('that is too long for a commit loses its end only', () => {
    const done = Array.from({ length: 2_000 }, (_, index) => ({ first: 1 + index * 2, count: 1 }));
    const text = renderProgress({ floor: 0, given: 4_000, done });
    expect(text.length).toBeLessThan(4_096);
    const read = parseProgress(0, text);
    expect(read.done.length).toBeGreaterThan(900);
    expect(read.done).toEqual(done.slice(0, read.done.length));
  });

  test.each([null, '', 'x|', '|', 'something else', '1|1', '1|1.2.3,', '1|-1.2,'])(
    '%o counts as none',
    (text) => {
      expect(parseProgress(5, text).floor).toBe(5);
      expect(parseProgress(5, text).given).toBeGreaterThanOrEqual(5);
    },
  );
});

describe('the floor of a partition', () => {
  test('is the first message that is not acknowledged, in whatever order they are', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: 30 }, (_, index) => index)), (acknowledged) => {
        const partition = new Partition(0, { floor: 0, given: 0, done: [] });
        for (let offset = 0; offset < 30; offset += 1) partition.begin(offset);
        for (const offset of acknowledged) partition.acknowledge(offset);
        const known = new Set(acknowledged);
        const floor =
          Array.from({ length: 31 }, (_, index) => index).find((offset) => !known.has(offset)) ?? 0;
        expect(partition.progress.floor).toBe(floor);
        expect(partition.progress.done.reduce((sum, { count }) => sum + count, 0)).toBe(known.size - floor);
        expect(partition.inHand).toBe(30 - known.size);
      }),
    );
  });

  test('what the owner before was given is said to be delivered again', () => {
    const partition = new Partition(0, { floor: 3, given: 6, done: [{ first: 4, count: 1 }] });
    expect([3, 5, 6].map((offset) => partition.begin(offset))).toEqual([true, true, false]);
    expect([3, 4, 7].map((offset) => partition.wants(offset))).toEqual([false, false, true]);
  });
});

describe('partitions are shared', () => {
  const claims = fc.uniqueArray(
    fc.record({
      memberId: fc.string({ minLength: 1, maxLength: 4 }),
      generation: fc.integer({ min: -1, max: 3 }),
      owned: fc.uniqueArray(fc.nat(15)),
    }),
    { selector: ({ memberId }) => memberId, minLength: 1, maxLength: 6 },
  );

  test('each has one owner, and nobody loses one that nobody newer claims', () => {
    fc.assert(
      fc.property(claims, fc.integer({ min: 1, max: 12 }), (members: readonly Claim[], partitions) => {
        const shares = assign(members, partitions);
        const given = [...shares.values()].flatMap(({ owned }) => owned);
        expect(given.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: partitions }, (_, index) => index),
        );
        const uncontested = members.flatMap(({ memberId, generation, owned }) =>
          owned
            .filter((id) => id < partitions)
            .filter((id) =>
              members.every(
                (other) =>
                  other.memberId === memberId || other.generation < generation || !other.owned.includes(id),
              ),
            )
            .map((id) => ({ memberId, id })),
        );
        for (const { memberId, id } of uncontested) expect(shares.get(memberId)?.owned).toContain(id);
        expect([...shares.values()].reduce((sum, { quota }) => sum + quota, 0)).toBe(partitions);
      }),
    );
  });
});
