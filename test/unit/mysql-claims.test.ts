import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeLooked,
  encodeLooked,
  type Gaps,
  judgeGaps,
  lookedAfter,
} from '../../src/databases/mysql/capture/claims/gaps.ts';
import {
  contains,
  decodeRuns,
  encodeRuns,
  LAST_ID,
  type Runs,
  runsOf,
  unite,
  without,
} from '../../src/engine/capture/id-runs.ts';

const MOST = 40;
const sets = fc.uniqueArray(fc.integer({ min: 1, max: MOST })).map((ids) => new Set(ids));
const runsOfSet = (ids: ReadonlySet<number>): Runs => runsOf([...ids].sort((a, b) => a - b).map(BigInt));
const idsOf = (runs: Runs): Set<number> => {
  const ids = new Set<number>();
  for (const { from, to } of runs) for (let id = from; id <= to; id += 1n) ids.add(Number(id));
  return ids;
};

describe('runs of ids', () => {
  test('are united and taken from each other as sets are', () => {
    fc.assert(
      fc.property(sets, sets, (one, other) => {
        const [a, b] = [runsOfSet(one), runsOfSet(other)];
        expect(idsOf(unite(a, b))).toEqual(new Set([...one, ...other].sort((x, y) => x - y)));
        expect(idsOf(without(a, b))).toEqual(
          new Set([...one].sort((x, y) => x - y).filter((id) => !other.has(id))),
        );
        for (let id = 0; id <= MOST + 1; id += 1) expect(contains(a, BigInt(id))).toBe(one.has(id));
      }),
    );
  });

  test('are written shortly, and read as they were, up to the last id there can be', () => {
    const runs: Runs = [
      { from: 1n, to: 5n },
      { from: 7n, to: 7n },
      { from: LAST_ID - 1n, to: LAST_ID },
    ];
    expect(encodeRuns(runs)).toBe('1-5,7,9223372036854775806-9223372036854775807');
    expect(decodeRuns(encodeRuns(runs))).toEqual(runs);
    expect(decodeRuns('')).toEqual([]);
  });
});

const gaps = (ids: readonly number[], open: readonly string[] | null, since = 0): Gaps => ({
  runs: runsOfSet(new Set(ids)),
  open,
  since,
});
const look = (visible: readonly number[], missing: readonly number[] = [], upto = MOST) => ({
  visible: runsOfSet(new Set(visible)),
  upto: BigInt(upto),
  seen: BigInt(MOST),
  missing: runsOfSet(new Set(missing)),
  at: 1_000,
});

describe('gaps', () => {
  test('are given up when all are over that were open at one moment behind them, and not before', () => {
    let looked = lookedAfter([], look([], [3]));
    expect(looked.gaps).toEqual([gaps([3], null, 1_000)]);
    looked = lookedAfter(judgeGaps(looked.gaps, ['10/1/a', '11/2/b']), look([]));
    expect(looked.gaps).toMatchObject([{ open: ['10/1/a', '11/2/b'] }]);
    looked = lookedAfter(judgeGaps(looked.gaps, ['11/2/b', '12/3/c']), look([]));
    expect(looked.gaps).toMatchObject([{ open: ['11/2/b'] }]);
    looked = lookedAfter(judgeGaps(looked.gaps, ['12/3/c']), look([]));
    expect(looked.gaps).toEqual([]);
  });

  test('are given up at once where nothing is open', () => {
    const judged = judgeGaps([gaps([3], null)], []);
    expect(lookedAfter(judged, look([])).gaps).toEqual([]);
  });

  test.each([
    ['began to write', ['99/1/a']],
    ['goes on with the next statement', ['10/1/a']],
    ['belongs to no session any more', ['10/0/a']],
  ])('stay while a transaction %s', (_, names) => {
    const judged = judgeGaps([gaps([3], ['10/1/a'])], names);
    expect(lookedAfter(judged, look([])).gaps).toMatchObject([{ open: ['10/1/a'] }]);
  });

  test('stay while something belongs to no session that may be one that had no number', () => {
    const nameless = [gaps([3], ['281479000000000/1/a'])];
    const isLeft = (open: readonly string[]): boolean =>
      lookedAfter(judgeGaps(nameless, open), look([])).gaps.length > 0;
    expect(isLeft(['50/0/z'])).toBe(true);
    expect(isLeft(['50/7/z'])).toBe(false);
    const known = judgeGaps([gaps([3], ['49/1/a'])], ['50/0/z']);
    expect(lookedAfter(known, look([])).gaps).toEqual([]);
  });

  test('stay where the look did not come to them, and are none of what it saw', () => {
    const judged = judgeGaps([gaps([3, 5, 9], [])], []);
    expect(lookedAfter(judged, look([5], [], 6)).gaps).toEqual([gaps([9], [])]);
  });

  test('of the same transactions are kept together, and written and read as they are', () => {
    const judged = [gaps([1, 2], ['10/1/a']), gaps([3, 9], ['10/1/a'], 7), gaps([20], null)];
    const looked = lookedAfter(
      judged.map((each) => ({ gaps: each, isOver: false })),
      look([], [30]),
    );
    expect(looked.gaps).toEqual([
      gaps([1, 2, 3, 9], ['10/1/a'], 7),
      gaps([20], null),
      gaps([30], null, 1_000),
    ]);
    expect(decodeLooked(encodeLooked(looked))).toEqual(looked);
  });
});
