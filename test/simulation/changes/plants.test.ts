import { describe, expect, test } from 'vitest';
import type { Check } from '../world.ts';
import { CHANGE_PLANTS, type ChangePlant } from './plants.ts';
import { simulateChanges } from './simulate-changes.ts';

/** What finds it first, one of these. */
const CHECKS: Readonly<Record<ChangePlant, readonly Check[]>> = {
  'pending-is-above-the-last': ['rows', 'order'],
  'claims-are-cut-again': ['integrity', 'twice', 'rows', 'order'],
  'lease-does-not-fence': ['refused', 'twice', 'confirmed'],
  // A topic that knows less than the source is taken for another capture's.
  'confirmed-when-sealed': ['freed', 'refused', 'order', 'rows'],
  'freed-for-one-of-two': ['freed', 'rows', 'order'],
  'open-ones-are-forgotten': ['order', 'rows'],
  'number-before-messages': ['order', 'rows', 'twice'],
  'topics-do-not-fence': ['twice', 'order', 'refused'],
  'parked-keys-are-overtaken': ['order', 'rows'],
  'taken-out-before-the-commit': ['rows'],
};
const SEEDS = 40;

async function firstFailure(plant: ChangePlant) {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { failure } = await simulateChanges(seed, { plant });
    if (failure) return { seed, check: failure.check };
  }
  return null;
}

describe('the simulation of changes finds a planted bug', () => {
  test.each(CHANGE_PLANTS)('%s', async (plant) => {
    const found = await firstFailure(plant);
    expect(found, `not found within ${SEEDS} seeds`).not.toBeNull();
    expect(CHECKS[plant], `found by seed ${found?.seed}`).toContain(found?.check);
  });
});
