/**
 * Pauses a transfer, or one table of it, and answers when nothing of it runs any more.
 *
 *     node --import tsx scripts/client/pause.ts orders ['night of the backup'] [public.orders]
 */
import {
  type Answer,
  pauseAndWaitUpdate,
  tablePauseUpdate,
  transferWorkflowId,
  type Wish,
} from '../../src/workflows/messages.ts';
import { argument, connect } from './connect.ts';

const transfer = argument(0, 'transfer');
const [reason = 'paused by a script', table] = process.argv.slice(3);
const client = await connect();
const handle = client.workflow.getHandle(transferWorkflowId(transfer));

const answer = table
  ? await handle.executeUpdate(tablePauseUpdate, { args: [{ table, reason, by: 'pause.ts' }] })
  : await handle.executeUpdate<Answer, [Wish]>(pauseAndWaitUpdate.name, {
      args: [{ reason, by: 'pause.ts' }],
    });
console.log(JSON.stringify(answer));
await client.connection.close();
