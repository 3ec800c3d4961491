import { Client, Connection } from '@temporalio/client';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import {
  statusQuery,
  tablesQuery,
  TRANSFER_WORKFLOW,
  type TransferReport,
  transferWorkflowId,
} from '../../src/workflows/messages.ts';
import { createFolder, uniqueName } from './databases.ts';
import { eventually } from './eventually.ts';
import { servers } from './servers.ts';
import { startWorker, writeConfig } from './sluice.ts';

export interface TransferRuns {
  /** Starts a transfer of the configuration and waits for its end. @throws Error with every table's error where one is blocked */
  run(name: string): Promise<TransferReport>;
  close(): Promise<void>;
}

/** Many transfers in one configuration, all done by one worker. */
export async function createRuns(
  connections: Readonly<Record<string, string>>,
  transfers: Readonly<Record<string, TransferSpec>>,
): Promise<TransferRuns> {
  const folder = await createFolder();
  const prefix = uniqueName('t');
  const named = (name: string) => `${prefix}_${name}`;
  const place = {
    configPath: await writeConfig(folder.path, {
      version: 1,
      connections: Object.fromEntries(Object.entries(connections).map(([name, url]) => [name, { url }])),
      transfers: Object.fromEntries(Object.entries(transfers).map(([name, spec]) => [named(name), spec])),
    }),
    temporalAddress: servers().temporalAddress,
    taskQueue: uniqueName('queue'),
  };
  const connection = await Connection.connect({ address: place.temporalAddress });
  const client = new Client({ connection });
  const worker = startWorker(place);
  return {
    run: async (name) => {
      const handle = await client.workflow.start(TRANSFER_WORKFLOW, {
        workflowId: transferWorkflowId(named(name)),
        taskQueue: place.taskQueue,
        args: [named(name)],
      });
      try {
        await eventually(`${name} is over or waits for a person`, async () => {
          if ((await handle.describe()).status.name !== 'RUNNING') return true;
          return (await handle.query(statusQuery)).health.health === 'blocked';
        });
        if ((await handle.describe()).status.name !== 'RUNNING') return await handle.result();
        const { tables } = await handle.query(tablesQuery, { limit: 500 });
        throw new Error(`${name}: ${JSON.stringify(tables.filter(({ error }) => error !== null))}`);
      } finally {
        await handle.terminate('the test is over').catch(() => undefined);
      }
    },
    close: async () => {
      worker.kill('SIGKILL');
      await worker.ended;
      await connection.close();
      await folder.remove();
    },
  };
}
