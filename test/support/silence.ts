import { afterEach, expect } from 'vitest';

/**
 * A test that prints fails: what a run says is what failed, and product code reports through its logger.
 * Loaded before every test file.
 */
const METHODS = ['log', 'info', 'warn', 'error', 'debug'] as const;

const printed: string[] = [];

for (const method of METHODS) {
  // eslint-disable-next-line no-console
  console[method] = (...args: readonly unknown[]) => {
    printed.push(`console.${method}: ${args.map(String).join(' ')}`);
  };
}

afterEach(() => {
  expect(printed.splice(0), 'a test printed').toEqual([]);
});
