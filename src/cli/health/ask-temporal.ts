import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Config } from '../../model/config.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { RunFacts, Trouble } from '../../workers/local.ts';
import { taskQueues, type TransferStatus } from '../../workflows/messages.ts';
import type { Context } from '../context.ts';
import { explainTemporalError } from '../temporal/explain-error.ts';
import { idleQueues } from '../temporal/has-pollers.ts';
import { queryStatus, transferHandle } from '../transfer/transfer-handle.ts';
import { troubleOf } from './ask-ends.ts';

const NOT_RUNNING: RunFacts = { isRunning: false, phase: null, unattended: [], warnings: [] };

function warningsOf({ health, tables }: TransferStatus): readonly string[] {
  const blocked = tables.byStatus.blocked ?? 0;
  return [...health.warnings, ...(blocked > 0 ? [`${blocked} tables or lanes are blocked`] : [])];
}

/** Null: no worker answers. */
async function statusOrNull(client: Client, transfer: string): Promise<TransferStatus | null> {
  try {
    return await queryStatus(client, transfer);
  } catch (error) {
    const explained = explainTemporalError(error, transfer);
    if (isSluiceError(explained) && explained.code === 'temporal.no_worker') return null;
    throw explained;
  }
}

async function askTransfer(
  client: Client,
  transfer: string,
  { namespace, config }: { readonly namespace: string; readonly config: Config },
): Promise<RunFacts> {
  const description = await transferHandle(client, transfer)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
  if (description?.status.name !== 'RUNNING') return NOT_RUNNING;
  const spec = config.transfers[transfer];
  const sites = {
    source: spec ? config.siteOf(spec.source) : null,
    target: spec ? config.siteOf(spec.target) : null,
  };
  const queues = taskQueues(description.taskQueue, sites);
  const unattended = await idleQueues(client, namespace, queues);
  // Nobody would answer; Temporal takes those for there that polled a moment ago.
  const status = unattended.includes(queues.control) ? null : await statusOrNull(client, transfer);
  if (status) return { isRunning: true, phase: status.phase, unattended, warnings: warningsOf(status) };
  return {
    isRunning: true,
    phase: null,
    unattended: [...new Set([queues.control, ...unattended])],
    warnings: [],
  };
}

/** What Temporal knows of transfers; where it does not answer, why. */
export async function askTemporal(
  context: Context,
  config: Config,
  transfers: readonly string[],
): Promise<{ readonly runs: ReadonlyMap<string, RunFacts>; readonly trouble: Trouble | null }> {
  const runs = new Map<string, RunFacts>();
  try {
    const client = await context.client();
    const { namespace } = await context.temporal();
    for (const transfer of transfers)
      runs.set(transfer, await askTransfer(client, transfer, { namespace, config }));
    return { runs, trouble: null };
  } catch (error) {
    const explained = explainTemporalError(error);
    const known = isSluiceError(explained) ? explained : new SluiceError('internal', String(explained));
    return { runs, trouble: troubleOf(known) };
  }
}
