import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atMost } from '../../src/engine/planning/plan-table.ts';
import type { KeyRange } from '../../src/model/lane.ts';

test('ranges that are too many are joined with their neighbours: at most so many, which cover the same', () => {
  fc.assert(
    fc.property(fc.nat(2_500), fc.integer({ min: 1, max: 1_000 }), (cuts, most) => {
      const edges = [null, ...Array.from({ length: cuts }, (_, at) => [String(at)]), null];
      const ranges: KeyRange[] = edges
        .slice(1)
        .map((upto, at) => ({ lane: at + 1, after: edges[at] ?? null, upto }));
      const joined = atMost(ranges, most);
      expect(joined.length).toBeLessThanOrEqual(most);
      // None is joined without need.
      expect(joined).toEqual(ranges.length <= most ? ranges : joined);
      expect(joined.map(({ lane }) => lane)).toEqual(joined.map((_, at) => at + 1));
      expect([joined[0]?.after, joined.at(-1)?.upto]).toEqual([null, null]);
      expect(joined.slice(1).map(({ after }) => after)).toEqual(joined.slice(0, -1).map(({ upto }) => upto));
      const known = new Set(edges);
      expect(joined.every(({ upto }) => known.has(upto as string[] | null))).toBe(true);
    }),
    { numRuns: 30 },
  );
});
