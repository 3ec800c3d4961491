import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { pauseSignal, resumeSignal, statusQuery } from '../../src/workflows/messages.ts';
import { median } from '../measure/measurement.ts';
import type { LedgerWatch } from './watch-ledger.ts';

const QUERIES = 20;
const POLL_MS = 20;
/** Longer than a transaction of a full block takes: what is not committed by then is not on its way. */
const QUIET_MS = 2_000;

/**
 * Pauses a running transfer, watches the data stop, asks for its status and resumes it.
 * @returns from the signal to the last commit, from the signal to "paused", and what a query takes meanwhile
 */
export async function measurePause(
  handle: WorkflowHandle,
  ledger: LedgerWatch,
  afterRows: number,
): Promise<Readonly<Record<string, number>>> {
  await ledger.reached(afterRows);
  const signalledMs = performance.now();
  await handle.signal(pauseSignal, { reason: 'benchmark' });
  while ((await handle.query(statusQuery)).phase !== 'paused') await delay(POLL_MS);
  const pausedMs = performance.now();
  const lastMs = (): number => ledger.changes.at(-1)?.atMs ?? signalledMs;
  while (performance.now() - Math.max(lastMs(), pausedMs) < QUIET_MS) await delay(POLL_MS);
  const queries: number[] = [];
  for (let n = 0; n < QUERIES; n += 1) {
    const askedMs = performance.now();
    await handle.query(statusQuery);
    queries.push(performance.now() - askedMs);
  }
  await handle.signal(resumeSignal, {});
  return {
    dataStoppedMs: Math.max(0, lastMs() - signalledMs),
    pausedMs: pausedMs - signalledMs,
    queryMedianMs: median(queries),
    queryWorstMs: Math.max(...queries),
  };
}
