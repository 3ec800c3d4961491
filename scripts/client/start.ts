/**
 * Starts a transfer of the workers' configuration and waits for its report.
 *
 *     node --import tsx scripts/client/start.ts orders ['{"writers": 8}']
 */
import type { TransferSettings } from '../../src/model/transfer-settings.ts';
import {
  DEFAULT_TASK_QUEUE,
  type TransferReport,
  type TransferRequest,
  transferWorkflowId,
} from '../../src/workflows/messages.ts';
import { argument, connect } from './connect.ts';

const transfer = argument(0, 'transfer');
const override = JSON.parse(process.argv[3] ?? '{}') as Partial<TransferSettings>;
const client = await connect();

type Transfer = (input: TransferRequest) => Promise<TransferReport>;
const handle = await client.workflow.start<Transfer>('transfer', {
  workflowId: transferWorkflowId(transfer),
  taskQueue: process.env['SLUICE_TASK_QUEUE'] ?? DEFAULT_TASK_QUEUE,
  args: [{ transfer, override }],
  // The id is the mutex: a transfer that runs already is waited for, not started twice.
  workflowIdConflictPolicy: 'USE_EXISTING',
});
console.log(`started ${handle.workflowId}`);

const report = await handle.result();
console.log(JSON.stringify(report, null, 2));
await client.connection.close();
