import { setTimeout as delay } from 'node:timers/promises';
import { settingsUpdate } from '../../src/workflows/messages.ts';
import type { TransferWorld } from './transfer-world.ts';

/** Rows a second of the second half: while somebody waits for some, and while nobody does; few enough to last for hours. */
const FLOW = 500;
const TRICKLE = 20;
const LOOK_MS = 500;

/** Keeps rows back for the faults that are still to come, however long each takes on this machine. */
export interface Reserve {
  /** Lets rows flow for as long as the work takes. */
  flowing<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the keeping; nothing is changed any more. */
  end(): Promise<void>;
}

export interface ReserveOptions {
  readonly world: TransferWorld;
  /** Rows applied so far. */
  readonly applied: () => Promise<number>;
  readonly rows: number;
  readonly ratePerSecond: number;
}

/** Lets the first half of the rows flow at all times, and of the second half only what is waited for. */
export function keepReserve({ world, applied, rows, ratePerSecond }: ReserveOptions): Reserve {
  const ending = new AbortController();
  let waiting = 0;
  let current = ratePerSecond;
  const look = async (): Promise<void> => {
    const isPlenty = (await applied()) < rows / 2;
    const wanted = isPlenty ? ratePerSecond : Math.min(ratePerSecond, waiting > 0 ? FLOW : TRICKLE);
    if (wanted === current) return;
    await world.handle.executeUpdate(settingsUpdate, { args: [{ ratePerSecond: wanted }] });
    current = wanted;
  };
  const keep = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      // What is away, a server or every worker, is asked again.
      await look().catch(() => undefined);
      await delay(LOOK_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  };
  const kept = keep();
  return {
    flowing: async (work) => {
      waiting += 1;
      try {
        return await work();
      } finally {
        waiting -= 1;
      }
    },
    end: () => {
      ending.abort();
      return kept;
    },
  };
}
