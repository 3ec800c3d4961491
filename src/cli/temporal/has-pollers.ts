import type { Client } from '@temporalio/client';

/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW_QUEUE = 1;

/** A worker counts as there for so long after its last poll; Temporal itself keeps pollers for five minutes. */
const FRESH_MS = 90_000;

/** Whether a worker asked this queue for workflows of late. */
export async function hasPollers(client: Client, namespace: string, taskQueue: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: WORKFLOW_QUEUE,
  });
  const oldest = Date.now() - FRESH_MS;
  return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= oldest);
}
