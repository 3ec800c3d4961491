import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** On two processors vitest would take one worker; tests here wait for servers more than they compute. */
const WORKERS = Math.max(2, availableParallelism() - 1);

interface Options {
  readonly timeoutMs: number;
  /** Projects of one group run together, groups one after the other. */
  readonly group: number;
  /** False where a test needs the machine for itself: it restarts servers or watches the clock. */
  readonly parallel: boolean;
}

/** One project a kind of test (docs/explanation/testing.md). `unit` and `simulation` need no server. */
const project = (name: string, { timeoutMs, group, parallel }: Options) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: ['test/support/silence.ts'],
    testTimeout: timeoutMs,
    hookTimeout: 120_000,
    fileParallelism: parallel,
    maxWorkers: parallel ? WORKERS : 1,
    sequence: { groupOrder: group },
  },
});

export default defineConfig({
  test: {
    passWithNoTests: false,
    projects: [
      project('unit', { timeoutMs: 60_000, group: 0, parallel: true }),
      project('simulation', { timeoutMs: 180_000, group: 0, parallel: true }),
      project('integration', { timeoutMs: 120_000, group: 0, parallel: true }),
      project('workflow', { timeoutMs: 120_000, group: 0, parallel: true }),
      project('e2e', { timeoutMs: 300_000, group: 1, parallel: false }),
      project('faults', { timeoutMs: 600_000, group: 2, parallel: false }),
      project('browser', { timeoutMs: 300_000, group: 3, parallel: false }),
    ],
  },
});
