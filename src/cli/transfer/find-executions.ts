import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { SEARCH_ATTRIBUTES, TRANSFER_WORKFLOW, transferWorkflowId } from '../../workflows/messages.ts';

/** One execution of a transfer as Temporal's visibility has it. */
export interface Execution {
  readonly transfer: string;
  /** Temporal's word, in lower case: running, completed, failed, canceled, terminated, timed_out. */
  readonly status: string;
  /** From the search attributes; null where they are not registered. */
  readonly phase: string | null;
  readonly health: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
}

const PREFIX = transferWorkflowId('');

function attribute(info: WorkflowExecutionInfo, name: string): string | null {
  const pair = info.typedSearchAttributes.getAll().find(({ key }) => key.name === name);
  return typeof pair?.value === 'string' ? pair.value : null;
}

export const executionOf = (info: WorkflowExecutionInfo): Execution => ({
  transfer: info.workflowId.startsWith(PREFIX) ? info.workflowId.slice(PREFIX.length) : info.workflowId,
  status: info.status.name.toLowerCase(),
  phase: attribute(info, SEARCH_ATTRIBUTES.phase),
  health: attribute(info, SEARCH_ATTRIBUTES.health),
  startedAt: info.startTime.toISOString(),
  endedAt: info.closeTime?.toISOString() ?? null,
  workflowId: info.workflowId,
  runId: info.runId,
  taskQueue: info.taskQueue,
});

export interface FindOptions {
  /** Only executions of this transfer. */
  readonly transfer?: string;
  readonly runningOnly?: boolean;
  readonly limit: number;
}

/** Text inside a visibility query. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Newest first. Only attributes that every Temporal has are asked for, so it works before ours are registered. A run
 * that continued as new counts as one with its successor.
 */
export async function findExecutions(client: Client, options: FindOptions): Promise<readonly Execution[]> {
  const conditions = [
    `WorkflowType = ${quoted(TRANSFER_WORKFLOW)}`,
    `ExecutionStatus != 'ContinuedAsNew'`,
    ...(options.transfer === undefined
      ? []
      : [`WorkflowId = ${quoted(transferWorkflowId(options.transfer))}`]),
    ...(options.runningOnly ? [`ExecutionStatus = 'Running'`] : []),
  ];
  const found: Execution[] = [];
  for await (const info of client.workflow.list({ query: conditions.join(' AND ') })) {
    found.push(executionOf(info));
    if (found.length >= options.limit) break;
  }
  return found;
}
