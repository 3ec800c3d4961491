import type { Clock } from './clock.ts';

/** Rows of a block while a rate is set: each waits half a second at most, so that rows flow and do not come in bursts. */
export const pacedRows = (ratePerSecond: number, blockRows: number): number =>
  ratePerSecond <= 0 ? blockRows : Math.max(1, Math.min(blockRows, Math.floor(ratePerSecond / 2)));

/**
 * Lets at most `ratePerSecond` rows a second pass; 0 lets all pass. Rows wait for their own time before they go, so that
 * a table of one block is limited too.
 */
export function createRateLimit(ratePerSecond: number, clock: Clock) {
  let freeAt = clock.now();
  return {
    /** Waits until the rows may go, or the signal aborts. */
    async pass(rows: number, signal: AbortSignal): Promise<void> {
      if (ratePerSecond <= 0) return;
      const now = clock.now();
      freeAt = Math.max(freeAt, now) + (rows / ratePerSecond) * 1000;
      if (freeAt > now) await clock.sleep(freeAt - now, signal);
    },
  };
}
