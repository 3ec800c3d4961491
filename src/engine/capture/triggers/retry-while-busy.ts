import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 20;
const PAUSE_MS = 500;

/** A statement that takes a table's lock, of a session that waits for it only briefly: again and again, and others come between. */
export async function retryWhileBusy(
  work: () => Promise<unknown>,
  isBusy: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === TRIES) throw error;
    }
    await sleep(PAUSE_MS * (0.5 + Math.random()), undefined, { signal });
  }
}
