import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, workflowInfo } from '@temporalio/workflow';
import { checkInput } from './input.ts';
import { type LaunchReport, type TransferReport, transferWorkflowId, TRANSFER_WORKFLOW } from './messages.ts';

/**
 * What a schedule starts: a schedule appends the time to the id of its workflow, so that id is no mutex. This one
 * starts the transfer under its fixed id and waits for it, or leaves it alone when it runs already.
 * @throws ApplicationFailure of the transfer, so that a schedule can pause on failure
 */
export async function launchTransfer(typed: unknown): Promise<LaunchReport> {
  const { transfer, override } = checkInput(typed);
  try {
    const report = await executeChild<(input: unknown) => Promise<TransferReport>>(TRANSFER_WORKFLOW, {
      workflowId: transferWorkflowId(transfer),
      taskQueue: workflowInfo().taskQueue,
      args: [override === undefined ? transfer : { transfer, override }],
      parentClosePolicy: 'ABANDON',
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    return { transfer, outcome: 'finished', report };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { transfer, outcome: 'skipped', report: null };
  }
}
