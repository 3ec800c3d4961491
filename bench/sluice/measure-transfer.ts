import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { TRANSFER_WORKFLOW, taskQueues, transferWorkflowId } from '../../src/workflows/messages.ts';
import { treeCpuSeconds, watchMemory } from '../measure/process-tree.ts';
import { awaitResult } from './await-result.ts';
import { startWorker } from './start-worker.ts';
import { type LedgerWatch, watchLedger } from './watch-ledger.ts';
import { TRANSFER } from './write-config.ts';

export interface TransferRequest {
  readonly config: string;
  readonly target: string;
  readonly address: string;
  /** What happens while it runs, from outside; what it measures is added to the rest. */
  readonly meanwhile?: (
    handle: WorkflowHandle,
    ledger: LedgerWatch,
  ) => Promise<Readonly<Record<string, number>>>;
}

export interface TransferResult {
  /** From the start of the workflow to its result. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly extra: Readonly<Record<string, number>>;
}

/** Temporal gives these as Long, which has a toString. */
const toNumber = (value: { toString(): string } | null | undefined): number => Number(value?.toString() ?? 0);

async function history(handle: WorkflowHandle): Promise<Readonly<Record<string, number>>> {
  const { raw } = await handle.describe();
  return {
    historyEvents: toNumber(raw.workflowExecutionInfo?.historyLength),
    historyBytes: toNumber(raw.workflowExecutionInfo?.historySizeBytes),
  };
}

/**
 * Runs the transfer of a configuration with a worker of its own, which is there before the clock starts, as a worker is
 * in production. CPU and memory are the worker's process tree from the start of the workflow on.
 * @throws WorkflowFailedError
 */
export async function measureTransfer(client: Client, request: TransferRequest): Promise<TransferResult> {
  const taskQueue = `bench-${randomUUID()}`;
  const ledger = await watchLedger(request.target);
  const worker = await startWorker(client, { ...request, taskQueue });
  const memory = watchMemory(worker.pid);
  try {
    const cpuBefore = treeCpuSeconds(worker.pid);
    const startedMs = performance.now();
    const since = (ms: number | undefined): number => ((ms ?? Number.NaN) - startedMs) / 1000;
    const handle = await client.workflow.start(TRANSFER_WORKFLOW, {
      workflowId: transferWorkflowId(TRANSFER),
      taskQueue: taskQueues(taskQueue).control,
      args: [TRANSFER],
    });
    const [, meanwhile] = await Promise.all([
      awaitResult(handle),
      request.meanwhile?.(handle, ledger) ?? Promise.resolve({}),
    ]);
    const seconds = since(performance.now());
    const { changes } = ledger;
    return {
      seconds,
      cpuSeconds: treeCpuSeconds(worker.pid) - cpuBefore,
      peakBytes: await memory.stop(),
      extra: {
        firstRowSeconds: since(changes[0]?.atMs),
        lastRowSeconds: since(changes.at(-1)?.atMs),
        ...(await history(handle)),
        ...meanwhile,
      },
    };
  } finally {
    await memory.stop();
    await ledger.stop();
    await worker.stop();
  }
}
