/**
 * Prints the status of a transfer and its first tables; a worker must run, for it is the workflow that answers.
 *
 *     node --import tsx scripts/client/status.ts orders
 */
import { statusQuery, tablesQuery, transferWorkflowId } from '../../src/workflows/messages.ts';
import { argument, connect } from './connect.ts';

const transfer = argument(0, 'transfer');
const client = await connect();
const handle = client.workflow.getHandle(transferWorkflowId(transfer));

const status = await handle.query(statusQuery);
const { tables } = await handle.query(tablesQuery, { limit: 100 });
console.log(
  `${status.transfer} ${status.phase}: ${status.totals.rowsApplied} rows applied, ${status.health.difference} on their way`,
);
console.table(
  tables.map(({ table, status: state, rows, estimatedRows }) => ({ table, state, rows, estimatedRows })),
);
await client.connection.close();
