import type { Clock } from './clock.ts';

/** Lets at most `ratePerSecond` rows a second pass on average; 0 lets all pass. */
export function createRateLimit(ratePerSecond: number, clock: Clock) {
  let freeAt = clock.now();
  return {
    /** Waits until the rows may go, or the signal aborts. */
    async pass(rows: number, signal: AbortSignal): Promise<void> {
      if (ratePerSecond <= 0) return;
      const now = clock.now();
      const wait = freeAt - now;
      freeAt = Math.max(freeAt, now) + (rows / ratePerSecond) * 1000;
      if (wait > 0) await clock.sleep(wait, signal);
    },
  };
}
