import { describe, expect, test } from 'vitest';
import { simulateChanges } from './simulate-changes.ts';

/** How many seeds are run; more in a nightly run. */
const SEEDS = Number(process.env['SLUICE_SIMULATION_SEEDS'] ?? 150);
/** Replays one seed; what failed is told with its whole trace. */
const ONE = process.env['SLUICE_SIMULATION_SEED'];
const CHUNK = 25;
const LAST_LINES = 150;
const LONGEST = 240;

async function report(seed: number): Promise<string> {
  const { failure, trace } = await simulateChanges(seed, { tracing: true });
  const lines = ONE === undefined ? trace.slice(-LAST_LINES).map((line) => line.slice(0, LONGEST)) : trace;
  return [
    `seed ${seed}: ${failure ? `${failure.check}: ${failure.message}` : 'passes when it is run again'}`,
    `replay: SLUICE_SIMULATION_SEED=${seed} vitest run --project simulation changes`,
    ...lines,
  ].join('\n');
}

const all = Array.from({ length: Math.ceil(SEEDS / CHUNK) }, (_, index) => ({
  from: index * CHUNK + 1,
  upto: Math.min((index + 1) * CHUNK, SEEDS),
}));
const chunks = ONE === undefined ? all : [{ from: Number(ONE), upto: Number(ONE) }];

describe('every change arrives once and in the order of its key, at targets and in topics, whatever dies, sleeps, fails or gets lost', () => {
  test.each(chunks)('seeds $from to $upto', async ({ from, upto }) => {
    for (let seed = from; seed <= upto; seed += 1) {
      const { failure } = await simulateChanges(seed);
      if (failure) throw new Error(await report(seed));
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

describe('the simulation of changes', () => {
  test('does the same again when it runs the same seed', async () => {
    const first = await simulateChanges(7, { tracing: true });
    const second = await simulateChanges(7, { tracing: true });
    expect(second.trace).toEqual(first.trace);
    expect(first.events).toBeGreaterThan(100);
  });
});
