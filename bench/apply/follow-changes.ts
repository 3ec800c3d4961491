import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  cutOverSignal,
  statusQuery,
  stopSignal,
  TRANSFER_WORKFLOW,
  taskQueues,
  transferWorkflowId,
} from '../../src/workflows/messages.ts';
import { awaitResult } from '../sluice/await-result.ts';
import { type RunningWorker, startWorker } from '../sluice/start-worker.ts';
import { type LedgerWatch, watchLedger } from '../sluice/watch-ledger.ts';
import { TRANSFER } from '../sluice/write-config.ts';

const POLL_MS = 20;

/** One start of the transfer, while it runs. */
export interface Following {
  readonly startedMs: number;
  readonly ledger: LedgerWatch;
  /** Resolves once it says that it is live. */
  live(): Promise<void>;
  /** Resolves once the target has committed so many changes of this run. @throws Error where the transfer is blocked or ends before */
  reached(rows: number): Promise<void>;
  /** Its changes wait at the source from now on. */
  stop(): Promise<void>;
  /** Applies what is pending and ends. */
  cutOver(): Promise<void>;
}

/** The one transfer of a configuration with a worker of its own, to be started again and again. */
export interface Follower {
  readonly worker: RunningWorker;
  /** @param run  its number in the target's ledger: one more after each cut-over */
  start(run: number): Promise<Following>;
  close(): Promise<void>;
}

async function isLive(handle: WorkflowHandle): Promise<void> {
  while ((await handle.query(statusQuery)).phase !== 'live') await delay(POLL_MS);
}

export async function openFollower(
  client: Client,
  { config, address, target }: { readonly config: string; readonly address: string; readonly target: string },
): Promise<Follower> {
  const taskQueue = `bench-${randomUUID()}`;
  const worker = await startWorker(client, { config, address, taskQueue });
  const start = async (run: number): Promise<Following> => {
    const ledger = await watchLedger(target, run);
    const startedMs = performance.now();
    const handle = await client.workflow.start(TRANSFER_WORKFLOW, {
      workflowId: transferWorkflowId(TRANSFER),
      taskQueue: taskQueues(taskQueue).control,
      args: [TRANSFER],
    });
    const ended = awaitResult(handle);
    const early = ended.then(() => Promise.reject(new Error('the transfer ended too early')));
    early.catch(() => undefined); // told when somebody waits for it
    const endBy = async (signal: () => Promise<void>): Promise<void> => {
      try {
        await signal();
        await ended;
      } finally {
        await ledger.stop();
      }
    };
    return {
      startedMs,
      ledger,
      live: () => Promise.race([isLive(handle), early]),
      reached: (rows) => Promise.race([ledger.reached(rows), early]),
      stop: () => endBy(() => handle.signal(stopSignal, { reason: 'benchmark' })),
      cutOver: () => endBy(() => handle.signal(cutOverSignal, { reason: 'benchmark' })),
    };
  };
  return { worker, start, close: () => worker.stop() };
}
