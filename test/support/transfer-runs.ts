import { Client, Connection } from '@temporalio/client';
import type { CaptureSpec } from '../../src/model/capture-spec.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import {
  cutOverSignal,
  statusQuery,
  tablesQuery,
  TRANSFER_WORKFLOW,
  type TransferReport,
  transferWorkflowId,
} from '../../src/workflows/messages.ts';
import { createFolder, uniqueName } from './databases.ts';
import { eventually } from './eventually.ts';
import { servers } from './servers.ts';
import { type Ran, sluice, startWorker, writeConfig } from './sluice.ts';

export interface TransferRuns {
  /** Starts a transfer of the configuration and waits for its end. @throws Error with every table's error where one is blocked */
  run(name: string): Promise<TransferReport>;
  start(name: string): Promise<void>;
  /** Waits until a transfer of changes that was started is live. */
  live(name: string): Promise<void>;
  /** Ends one that is live, and waits for its end. */
  cutOver(name: string): Promise<TransferReport>;
  cli(...args: readonly string[]): Promise<Ran>;
  close(): Promise<void>;
}

/** Many transfers in one configuration, all done by one worker. */
export async function createRuns(
  connections: Readonly<Record<string, string>>,
  transfers: Readonly<Record<string, TransferSpec>>,
  captures: Readonly<Record<string, CaptureSpec>> = {},
): Promise<TransferRuns> {
  const folder = await createFolder();
  const prefix = uniqueName('t');
  const named = (name: string) => `${prefix}_${name}`;
  const place = {
    configPath: await writeConfig(folder.path, {
      version: 1,
      connections: Object.fromEntries(Object.entries(connections).map(([name, url]) => [name, { url }])),
      captures,
      transfers: Object.fromEntries(Object.entries(transfers).map(([name, spec]) => [named(name), spec])),
    }),
    temporalAddress: servers().temporalAddress,
    taskQueue: uniqueName('queue'),
  };
  const connection = await Connection.connect({ address: place.temporalAddress });
  const client = new Client({ connection });
  const worker = startWorker(place);
  const handleOf = (name: string) => client.workflow.getHandle(transferWorkflowId(named(name)));
  const start = async (name: string): Promise<void> => {
    await client.workflow.start(TRANSFER_WORKFLOW, {
      workflowId: transferWorkflowId(named(name)),
      taskQueue: place.taskQueue,
      args: [named(name)],
    });
  };
  const refuseBlocked = async (name: string): Promise<void> => {
    const { tables } = await handleOf(name).query(tablesQuery, { limit: 500 });
    throw new Error(`${name}: ${JSON.stringify(tables.filter(({ error }) => error !== null))}`);
  };
  const result = async (name: string): Promise<TransferReport> => {
    const handle = handleOf(name);
    const isOver = async () => (await handle.describe()).status.name !== 'RUNNING';
    await eventually(`${name} is over or waits for a person`, async () => {
      return (await isOver()) || (await handle.query(statusQuery)).health.health === 'blocked';
    });
    if (!(await isOver())) await refuseBlocked(name);
    return handle.result() as Promise<TransferReport>;
  };
  return {
    start,
    live: async (name) => {
      const status = () => handleOf(name).query(statusQuery);
      await eventually(`${name} is live or waits for a person`, async () => {
        const { phase, health } = await status();
        return phase === 'live' || health.health === 'blocked';
      });
      if ((await status()).phase !== 'live') await refuseBlocked(name);
    },
    cutOver: async (name) => {
      await handleOf(name).signal(cutOverSignal);
      return result(name);
    },
    cli: (...args) => sluice(place, ...args),
    run: async (name) => {
      await start(name);
      try {
        return await result(name);
      } finally {
        await handleOf(name)
          .terminate('the test is over')
          .catch(() => undefined);
      }
    },
    close: async () => {
      for (const name of Object.keys(transfers))
        await handleOf(name)
          .terminate('the test is over')
          .catch(() => undefined);
      worker.kill('SIGKILL');
      await worker.ended;
      await connection.close();
      await folder.remove();
    },
  };
}
