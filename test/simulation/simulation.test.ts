import { describe, expect, test } from 'vitest';
import { report } from './report.ts';
import { simulate } from './simulate.ts';

/** How many seeds are run; more in a nightly run. */
const SEEDS = Number(process.env['SLUICE_SIMULATION_SEEDS'] ?? 2_000);
/** Replays one seed; what failed is told with its whole trace. */
const ONE = process.env['SLUICE_SIMULATION_SEED'];
const CHUNK = 100;

const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Fails with the trace of the first seed that fails. */
async function runSeeds(from: number, upto: number): Promise<void> {
  for (let seed = from; seed <= upto; seed += 1) {
    const { failure } = await simulate(seed);
    if (failure) throw new Error(await report(seed, { whole: ONE !== undefined }));
    await rest();
  }
}

const all = Array.from({ length: Math.ceil(SEEDS / CHUNK) }, (_, index) => ({
  from: index * CHUNK + 1,
  upto: Math.min((index + 1) * CHUNK, SEEDS),
}));
const chunks = ONE === undefined ? all : [{ from: Number(ONE), upto: Number(ONE) }];

describe('every row arrives once and in order, whatever is killed, sleeps, fails or gets lost', () => {
  test.each(chunks)('seeds $from to $upto', ({ from, upto }) => runSeeds(from, upto));
});

describe('the simulation', () => {
  test('does the same again when it runs the same seed', async () => {
    const first = await simulate(7, { tracing: true });
    const second = await simulate(7, { tracing: true });
    expect(second.trace).toEqual(first.trace);
    expect(first.events).toBeGreaterThan(100);
  });

  test('reports a failing seed with its check, how to replay it, and the end of its trace', async () => {
    const text = await report(1, { plant: 'acknowledge-before-commit' });
    expect(text).toMatch(/^seed 1: acknowledged: /);
    expect(text).toContain('SLUICE_SIMULATION_SEED=1');
    expect(text).toContain('FAILED acknowledged');
  });
});
