import type { Context } from '@temporalio/activity';

/** temporal.api.enums.v1.TaskQueueType */
const ACTIVITY_QUEUE = 2;

/** Whether another activity of the same task queue waits for a worker. Unanswered, or not counted by the server: none does. */
export async function waitsForPlace({ client, info }: Context): Promise<boolean> {
  try {
    const { stats } = await client.workflowService.describeTaskQueue({
      namespace: info.namespace,
      taskQueue: { name: info.taskQueue },
      taskQueueType: ACTIVITY_QUEUE,
      reportStats: true,
    });
    return Number(stats?.approximateBacklogCount ?? 0) > 0;
  } catch {
    return false;
  }
}
