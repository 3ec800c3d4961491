/**
 * Launches a transfer at times, as `sluice schedule create` does.
 *
 *     node --import tsx scripts/client/schedule.ts orders '30 2 * * *'
 */
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { DEFAULT_TASK_QUEUE, LAUNCH_WORKFLOW } from '../../src/workflows/messages.ts';
import { argument, connect } from './connect.ts';

const transfer = argument(0, 'transfer');
const cron = argument(1, 'cron expression');
const client = await connect();

const handle = await client.schedule.create({
  scheduleId: `sluice/${transfer}`,
  spec: { cronExpressions: [cron] },
  action: {
    type: 'startWorkflow',
    workflowType: LAUNCH_WORKFLOW,
    // A schedule appends the time to this id; the launch workflow starts the transfer under its fixed one, or skips.
    workflowId: `launch/${transfer}`,
    taskQueue: process.env['SLUICE_TASK_QUEUE'] ?? DEFAULT_TASK_QUEUE,
    args: [transfer],
  },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m', pauseOnFailure: true },
});
console.log(`created ${handle.scheduleId}`);
await client.connection.close();
