import { type Client, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import {
  statusQuery,
  type TableState,
  type TablesPage,
  tablesQuery,
  type TransferStatus,
  transferWorkflowId,
} from '../../workflows/messages.ts';

/** The newest execution of a transfer. */
export const transferHandle = (client: Client, name: string): WorkflowHandle =>
  client.workflow.getHandle(transferWorkflowId(name));

export async function isRunning(client: Client, name: string): Promise<boolean> {
  try {
    return (await transferHandle(client, name).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** A query needs a worker; without one Temporal answers after this. */
const QUERY_DEADLINE_MS = 10_000;

/** @throws WorkflowNotFoundError, or a deadline error where no worker answers */
export async function queryStatus(client: Client, name: string): Promise<TransferStatus> {
  const handle = transferHandle(client, name);
  return client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () => handle.query(statusQuery));
}

const PAGE = 500;

/** The first tables up to `limit`, page by page. */
export async function queryTables(
  client: Client,
  name: string,
  limit: number,
): Promise<readonly TableState[]> {
  const handle = transferHandle(client, name);
  const tables: TableState[] = [];
  for (;;) {
    const request = { offset: tables.length, limit: Math.min(PAGE, limit - tables.length) };
    const page: TablesPage = await client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
      handle.query(tablesQuery, request),
    );
    tables.push(...page.tables);
    if (page.tables.length === 0 || tables.length >= Math.min(limit, page.total)) return tables;
  }
}

/** The first tables that wait for a person, and how many there are. */
export async function queryBlocked(client: Client, name: string, limit: number): Promise<TablesPage> {
  const handle = transferHandle(client, name);
  return client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
    handle.query(tablesQuery, { limit, status: 'blocked' }),
  );
}
