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
  'resume-by-block-number': { seeds: 40, checks: ['twice', 'rows', 'refused'] },
  'fenced-lane-opens-again': { seeds: 100, haunted: true, checks: ['rows', 'acknowledged', 'refused'] },
  'older-run-plans': { seeds: 150, haunted: true, checks: ['rows', 'order'] },
};

const HAUNTED_EVERY = 8;

async function firstFailure(plant: Plant, { seeds, haunted = false }: Expectation) {
  for (let number = 0; number < seeds; number += 1) {
    const { failure, seed } = await simulate(haunted ? number * HAUNTED_EVERY + 5 : number + 1, { plant });
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
