import type { Client } from '@temporalio/client';
import type { TaskQueues } from '../../workflows/messages.ts';

/** temporal.api.enums.v1.TaskQueueType */
const QUEUE_TYPES = { workflow: 1, activity: 2 } as const;
export type QueueType = keyof typeof QUEUE_TYPES;

/** A worker counts as there for so long after its last poll; Temporal itself keeps pollers for five minutes. */
const FRESH_MS = 90_000;

/** Whether a worker asked this queue for work of late. */
export async function hasPollers(
  client: Client,
  namespace: string,
  taskQueue: string,
  type: QueueType = 'workflow',
): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: QUEUE_TYPES[type],
  });
  const oldest = Date.now() - FRESH_MS;
  return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= oldest);
}

/** The queues of an installation or a transfer that no worker polls. */
export async function idleQueues(
  client: Client,
  namespace: string,
  queues: TaskQueues,
): Promise<readonly string[]> {
  const asked = [
    [queues.control, 'workflow'],
    [queues.control, 'activity'],
    [queues.source, 'activity'],
    [queues.target, 'activity'],
  ] as const;
  const polled = await Promise.all(asked.map(([name, type]) => hasPollers(client, namespace, name, type)));
  return [...new Set(asked.filter((_, index) => !polled[index]).map(([name]) => name))];
}
