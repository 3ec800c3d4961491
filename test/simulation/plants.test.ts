import { describe, expect, test } from 'vitest';
import type { Plant } from './plants.ts';
import { PLANTS } from './plants.ts';
import { simulate } from './simulate.ts';
import type { Check } from './world.ts';

interface Expectation {
  /** Found within so many seeds. */
  readonly seeds: number;
  /** Only seeds in which zombies of an older run or generation are at work. */
  readonly haunted?: boolean;
  /** Only seeds in which an execution goes on with the run of one whose steps come late. */
  readonly takenOver?: boolean;
  /** Only seeds in which the target is restored. */
  readonly restored?: boolean;
  /** Only seeds in which slices share lanes and nothing is lost. */
  readonly shared?: boolean;
  /** What finds it first, one of these. */
  readonly checks: readonly Check[];
}

const EXPECTED: Readonly<Record<Plant, Expectation>> = {
  'content-is-identity': { seeds: 40, checks: ['rows', 'order'] },
  'ledger-without-run': { seeds: 40, checks: ['rows'] },
  'acknowledge-before-commit': { seeds: 5, checks: ['acknowledged'] },
  'ledger-in-another-transaction': { seeds: 20, checks: ['rows', 'order'] },
  'same-message-id-on-replay': { seeds: 10, checks: ['termination'] },
  'lane-made-by-apply': { seeds: 100, haunted: true, checks: ['refused', 'acknowledged', 'error', 'rows'] },
  // A start with a limit waits for the rows that it left out.
  'resume-by-block-number': { seeds: 130, checks: ['twice', 'rows', 'refused', 'termination'] },
  'fenced-lane-opens-again': { seeds: 400, haunted: true, checks: ['rows', 'acknowledged', 'refused'] },
  'epoch-is-ignored': {
    seeds: 200,
    restored: true,
    checks: ['rows', 'twice', 'order', 'refused', 'error'],
  },
  // Doubles no row, for the ledger fences who came first: it is read again and again.
  'claim-not-checked': { seeds: 30, shared: true, checks: ['waste', 'termination'] },
  'older-run-plans': { seeds: 400, haunted: true, checks: ['rows', 'order'] },
  'older-execution-plans': { seeds: 100, takenOver: true, checks: ['rows', 'ledger'] },
};

const HAUNTED_EVERY = 8;
const SHARED_EVERY = 32;
const TAKEN_OVER_EVERY = 16;

const seedAt = (number: number, { haunted, restored, shared, takenOver }: Expectation): number => {
  if (takenOver) return number * TAKEN_OVER_EVERY + 15;
  if (shared) return number * SHARED_EVERY + 3;
  if (restored) return number * HAUNTED_EVERY + 1;
  return haunted ? number * HAUNTED_EVERY + 5 : number + 1;
};

async function firstFailure(plant: Plant, expected: Expectation) {
  for (let number = 0; number < expected.seeds; number += 1) {
    const { failure, seed } = await simulate(seedAt(number, expected), { plant });
    if (failure) return { seed, check: failure.check };
  }
  return null;
}

describe('the simulation finds a planted bug', () => {
  test.each(PLANTS)('%s', async (plant) => {
    const expected = EXPECTED[plant];
    const found = await firstFailure(plant, expected);
    expect(found, `not found within ${expected.seeds} seeds`).not.toBeNull();
    expect(expected.checks, `found by seed ${found?.seed}`).toContain(found?.check);
  });
});
