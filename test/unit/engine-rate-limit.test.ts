import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRateLimit } from '../../src/engine/rate-limit.ts';
import { createStandingClock, settled } from '../support/make-batch.ts';

const never = new AbortController().signal;

describe('the rate limit', () => {
  test('lets never more pass than its rate since the start and one block', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.nat(500), { minLength: 1, maxLength: 20 }),
        async (rate, blocks) => {
          const clock = createStandingClock();
          const limit = createRateLimit(rate, clock);
          let passed = 0;
          let largest = 0;
          const work = (async () => {
            for (const rows of blocks) {
              await limit.pass(rows, never);
              passed += rows;
              largest = Math.max(largest, rows);
              expect(passed).toBeLessThanOrEqual((clock.now() / 1000) * rate + largest + 1e-6);
            }
          })();
          let over = false;
          void work.then(() => (over = true));
          await settled();
          while (!over) await clock.advance(50);
          await work;
        },
      ),
      { numRuns: 50 },
    );
  });

  test('does not save up what was not used', async () => {
    const clock = createStandingClock();
    const limit = createRateLimit(100, clock);
    await clock.advance(60_000);
    await limit.pass(100, never);
    let second = false;
    void limit.pass(100, never).then(() => (second = true));
    await clock.advance(900);
    expect(second).toBe(false);
    await clock.advance(100);
    expect(second).toBe(true);
  });

  test('lets all pass at once when it is 0', async () => {
    const limit = createRateLimit(0, createStandingClock());
    await limit.pass(1_000_000, never);
    await limit.pass(1_000_000, never);
  });

  test('ends the waiting when the signal aborts', async () => {
    const limit = createRateLimit(1, createStandingClock());
    const abort = new AbortController();
    await limit.pass(1_000, never);
    const waiting = limit.pass(1, abort.signal);
    abort.abort();
    await waiting;
  });
});
