import type { TransferSettings } from '../../model/transfer-settings.ts';
import { TRANSFER_WORKFLOW, type TransferInput, transferWorkflowId } from '../../workflows/messages.ts';
import type { Context } from '../context.ts';

/** What the workflow is started with: the name alone where nothing differs. */
export const inputOf = (name: string, override: Partial<TransferSettings>): TransferInput =>
  Object.keys(override).length === 0 ? name : { transfer: name, override };

/** Starts the workflow; of two starts at once one wins, the other gets transfer.already_running. */
export async function startTransfer(
  context: Context,
  name: string,
  { input, taskQueue }: { readonly input: TransferInput; readonly taskQueue: string },
): Promise<{ readonly runId: string }> {
  const client = await context.client();
  const handle = await client.workflow.start(TRANSFER_WORKFLOW, {
    workflowId: transferWorkflowId(name),
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: 'FAIL',
    staticSummary: `Sluice transfer ${name}`,
  });
  return { runId: handle.firstExecutionRunId };
}
