import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRateLimit, pacedBytes, pacedRows, type Rates } from '../../src/engine/reading/rate-limit.ts';
import { createStandingClock, settled } from '../support/make-batch.ts';

const never = new AbortController().signal;
const rowsOnly = (rowsPerSecond: number): Rates => ({ rowsPerSecond, bytesPerSecond: 0 });
const going = (rows: number, bytes = 0, overdue = () => false) => ({
  rows,
  bytes,
  overdue,
  onWaiting: () => undefined,
});

describe('the rate limit', () => {
  test('lets never more pass than its rate since the start', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.nat(500), { minLength: 1, maxLength: 20 }),
        async (rate, blocks) => {
          const clock = createStandingClock();
          const limit = createRateLimit(rowsOnly(rate), clock);
          let passed = 0;
          const work = (async () => {
            for (const rows of blocks) {
              await limit.pass(going(rows), never);
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
    const limit = createRateLimit(rowsOnly(100), clock);
    await clock.advance(60_000);
    let passed = 0;
    void limit.pass(going(100), never).then(() => (passed += 1));
    void limit.pass(going(100), never).then(() => (passed += 1));
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
    const limit = createRateLimit(rowsOnly(0), createStandingClock());
    await limit.pass(going(1_000_000), never);
    await limit.pass(going(1_000_000), never);
  });

  test('ends the waiting when the signal aborts', async () => {
    const limit = createRateLimit(rowsOnly(1), createStandingClock());
    const abort = new AbortController();
    const waiting = limit.pass(going(1), abort.signal);
    abort.abort();
    await waiting;
  });

  test('counts bytes beside rows: the slower of the two decides', async () => {
    const clock = createStandingClock();
    const limit = createRateLimit({ rowsPerSecond: 100, bytesPerSecond: 1_000 }, clock);
    const times: number[] = [];
    void (async () => {
      for (const [rows, bytes] of [
        [100, 10],
        [1, 3_000],
        [50, 500],
      ] as const) {
        await limit.pass(going(rows, bytes), never);
        times.push(clock.now() / 1000);
      }
    })();
    for (let step = 0; step < 100; step += 1) await clock.advance(50);
    expect(times).toEqual([1, 4, 4.5]);
  });

  test('lets a block that waits longer than the slice lasts go when time is up, and says what is owed', async () => {
    const clock = createStandingClock();
    const limit = createRateLimit({ rowsPerSecond: 0, bytesPerSecond: 1_000 }, clock);
    let told = 0;
    let over = false;
    const waiting = limit
      .pass({ ...going(1, 60_000, () => clock.now() >= 10_000), onWaiting: () => (told += 1) }, never)
      .then(() => (over = true));
    await settled();
    for (let second = 0; second < 9; second += 1) await clock.advance(1_000);
    expect({ over, told }).toEqual({ over: false, told: 9 });
    await clock.advance(1_000);
    await waiting;
    expect(limit.owedMs()).toBe(50_000);
  });

  test.each([
    [0, 2_000_000, 2_000_000],
    [10, 2_000_000, 1_024],
    [1_000_000, 2_000_000, 500_000],
    [10_000_000, 2_000_000, 2_000_000],
  ])('with %i bytes a second makes blocks of %i bytes into %i', (rate, blockBytes, bytes) => {
    expect(pacedBytes(rate, blockBytes)).toBe(bytes);
  });
});
