/**
 * Lets a paused transfer go on, or one table of it.
 *
 *     node --import tsx scripts/client/resume.ts orders [public.orders]
 */
import {
  type Answer,
  resumeUpdate,
  tableResumeUpdate,
  transferWorkflowId,
  type Wish,
} from '../../src/workflows/messages.ts';
import { argument, connect } from './connect.ts';

const transfer = argument(0, 'transfer');
const table = process.argv[3];
const client = await connect();
const handle = client.workflow.getHandle(transferWorkflowId(transfer));

const answer = table
  ? await handle.executeUpdate(tableResumeUpdate, { args: [{ table, by: 'resume.ts' }] })
  : await handle.executeUpdate<Answer, [Wish]>(resumeUpdate.name, { args: [{ by: 'resume.ts' }] });
console.log(JSON.stringify(answer));
await client.connection.close();
