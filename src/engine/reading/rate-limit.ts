import type { Clock } from '../clock.ts';

/** What may pass a second; 0: no limit. */
export interface Rates {
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** Bytes of the smallest block that is worth a message. */
const LEAST_BYTES = 1_024;

const paced = (ratePerSecond: number, most: number, least: number): number =>
  ratePerSecond <= 0 ? most : Math.max(least, Math.min(most, Math.floor(ratePerSecond / 2)));

/** Rows of a block while a rate is set: each waits half a second at most, so that rows flow and do not come in bursts. */
export const pacedRows = (rowsPerSecond: number, blockRows: number): number =>
  paced(rowsPerSecond, blockRows, 1);

/** Bytes of a block while a rate is set. A single row may be larger. */
export const pacedBytes = (bytesPerSecond: number, blockBytes: number): number =>
  paced(bytesPerSecond, blockBytes, Math.min(blockBytes, LEAST_BYTES));

export interface Passing {
  readonly rows: number;
  readonly bytes: number;
  /** True: what is being waited for goes at once, and is owed. */
  readonly overdue: () => boolean;
  /** Told about once a second that the waiting is meant. */
  readonly onWaiting: () => void;
}

const STEP_MS = 1_000;

/**
 * Lets at most so many rows and bytes a second pass, of all who share it. They wait for their own time before they go, so
 * that a table of one block is limited too; what was not used is not saved up.
 */
export function createRateLimit(rates: Rates, clock: Clock) {
  let freeAt = clock.now();
  const costMs = ({ rows, bytes }: Passing): number =>
    1000 *
    Math.max(
      rates.rowsPerSecond > 0 ? rows / rates.rowsPerSecond : 0,
      rates.bytesPerSecond > 0 ? bytes / rates.bytesPerSecond : 0,
    );
  return {
    /** Waits until the rows may go, time is up or the signal aborts. */
    async pass(passing: Passing, signal: AbortSignal): Promise<void> {
      const cost = costMs(passing);
      if (cost === 0) return;
      freeAt = Math.max(freeAt, clock.now()) + cost;
      const mine = freeAt;
      while (clock.now() < mine && !signal.aborted && !passing.overdue()) {
        await clock.sleep(Math.min(STEP_MS, mine - clock.now()), signal);
        passing.onWaiting();
      }
    },
    /** How long nothing more should pass: what went before its time because time was up. */
    owedMs: (): number => Math.max(0, Math.ceil(freeAt - clock.now())),
  };
}
export type RateLimit = ReturnType<typeof createRateLimit>;
