import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { statusQuery } from '../../src/workflows/messages.ts';

const POLL_MS = 2_000;

/** Waits for the result of a transfer. @throws Error once it waits for a person; it is ended then, so that the next can start */
export async function awaitResult(handle: WorkflowHandle): Promise<void> {
  const ending = new AbortController();
  const blocked = async (): Promise<void> => {
    for (;;) {
      await delay(POLL_MS, undefined, { signal: ending.signal });
      const { phase, reason } = await handle.query(statusQuery);
      if (phase === 'blocked') throw new Error(`the transfer is blocked: ${JSON.stringify(reason)}`);
    }
  };
  try {
    await Promise.race([handle.result(), blocked()]);
  } catch (error) {
    await handle.terminate('the benchmark goes on').catch(() => undefined);
    throw error;
  } finally {
    ending.abort();
  }
}
