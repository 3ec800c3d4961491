import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRateLimit, pacedRows } from '../../src/engine/rate-limit.ts';
import { createStandingClock, settled } from '../support/make-batch.ts';

const never = new AbortController().signal;

describe('the rate limit', () => {
  test('lets never more pass than its rate since the start', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.nat(500), { minLength: 1, maxLength: 20 }),
        async (rate, blocks) => {
          const clock = createStandingClock();
          const limit = createRateLimit(rate, clock);
          let passed = 0;
          const work = (async () => {
            for (const rows of blocks) {
              await limit.pass(rows, never);
              passed += rows;
              expect(passed).toBeLessThanOrEqual((clock.now() / 1000) * rate + 1e-6);
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
    let passed = 0;
    void limit.pass(100, never).then(() => (passed += 1));
    void limit.pass(100, never).then(() => (passed += 1));
    await clock.advance(900);
    expect(passed).toBe(0);
    await clock.advance(100);
    expect(passed).toBe(1);
    await clock.advance(1_000);
    expect(passed).toBe(2);
  });

  test.each([
    [0, 100_000, 100_000],
    [1, 100_000, 1],
    [3_000, 100_000, 1_500],
    [1_000_000, 100_000, 100_000],
  ])('with a rate of %i makes blocks of %i rows into %i', (rate, blockRows, paced) => {
    expect(pacedRows(rate, blockRows)).toBe(paced);
  });

  test('lets all pass at once when it is 0', async () => {
    const limit = createRateLimit(0, createStandingClock());
    await limit.pass(1_000_000, never);
    await limit.pass(1_000_000, never);
  });

  test('ends the waiting when the signal aborts', async () => {
    const limit = createRateLimit(1, createStandingClock());
    const abort = new AbortController();
    const waiting = limit.pass(1, abort.signal);
    abort.abort();
    await waiting;
  });
});
