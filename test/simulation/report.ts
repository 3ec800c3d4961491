import type { Plant } from './plants.ts';
import { simulate } from './simulate.ts';

const LAST_LINES = 150;
const LONGEST = 240;

/** What failed in a seed, with the trace of what led to it: the seed is run again and leaves one. */
export async function report(
  seed: number,
  options: { readonly plant?: Plant; readonly whole?: boolean } = {},
): Promise<string> {
  const { plant, whole = false } = options;
  const { failure, trace } = await simulate(seed, { tracing: true, ...(plant ? { plant } : {}) });
  const lines = whole ? trace : trace.slice(-LAST_LINES).map((line) => line.slice(0, LONGEST));
  return [
    `seed ${seed}: ${failure ? `${failure.check}: ${failure.message}` : 'passes when it is run again'}`,
    `replay: SLUICE_SIMULATION_SEED=${seed} vitest run --project simulation`,
    ...lines,
  ].join('\n');
}
