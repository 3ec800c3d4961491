import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** On two processors vitest would take one worker; tests here wait for servers more than they compute. */
const WORKERS = Math.max(2, availableParallelism() - 1);
/** Whole transfers have processes of their own, which wait for one another most of the time: on any machine. */
const TRANSFERS = 2;

/** Files of `e2e` that watch the clock, or want a gigabyte for one worker. */
const ALONE = ['rows-of-64-megabytes', 'selection', 'slice-ends'].map((name) => `test/e2e/${name}.test.ts`);

interface Options {
  readonly timeoutMs: number;
  /** Projects of one group run together, groups one after the other. */
  readonly group: number;
  /** Files at once: 1 where a test needs the machine for itself, since it watches the clock. */
  readonly workers: number;
  /** Default: those of the folder that has the project's name. */
  readonly files?: readonly string[];
  readonly except?: readonly string[];
}

/** One project a kind of test (docs/explanation/testing.md). `unit` and `simulation` need no server. */
const project = (
  name: string,
  { timeoutMs, group, workers, files = [`test/${name}/**/*.test.ts`], except = [] }: Options,
) => ({
  test: {
    name,
    include: [...files],
    exclude: [...except],
    setupFiles: ['test/support/silence.ts'],
    testTimeout: timeoutMs,
    hookTimeout: 120_000,
    // What a file imports is compiled once a worker: half of the processor time of all tests went into that.
    isolate: false,
    fileParallelism: workers > 1,
    maxWorkers: workers,
    sequence: { groupOrder: group },
  },
});

export default defineConfig({
  test: {
    passWithNoTests: false,
    projects: [
      project('unit', { timeoutMs: 60_000, group: 0, workers: WORKERS }),
      project('simulation', { timeoutMs: 180_000, group: 0, workers: WORKERS }),
      project('integration', { timeoutMs: 120_000, group: 0, workers: WORKERS }),
      project('workflow', { timeoutMs: 120_000, group: 0, workers: WORKERS }),
      project('e2e', { timeoutMs: 300_000, group: 1, workers: TRANSFERS, except: ALONE }),
      project('e2e-alone', { timeoutMs: 300_000, group: 2, workers: 1, files: ALONE }),
      project('faults', { timeoutMs: 600_000, group: 3, workers: TRANSFERS }),
      project('browser', { timeoutMs: 300_000, group: 4, workers: 1 }),
    ],
  },
});
