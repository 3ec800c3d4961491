import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import {
  LAUNCH_WORKFLOW,
  statusQuery,
  tablesQuery,
  taskQueues,
  TRANSFER_WORKFLOW,
  transferWorkflowId,
} from '../../src/workflows/messages.ts';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { uniqueName } from './databases.ts';
import { servers } from './servers.ts';
import { createStandIn, type StandIn, type StandInOptions } from './stand-in-activities.ts';

/** Stack traces of failures name it. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENTRY = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));

/** Recorded histories, one a situation: workflow code must replay all of them (invariant 9). */
export const HISTORIES = fileURLToPath(new URL('../workflow/histories', import.meta.url));

const quiet = new DefaultLogger('ERROR', () => undefined);
let bundle: Promise<WorkflowBundle> | undefined;
let isInstalled = false;

/** The workflows as a worker runs them, bundled once a test file. */
export function workflowBundle(): Promise<WorkflowBundle> {
  const logging = { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } as const;
  if (!isInstalled) Runtime.install({ logger: quiet, telemetryOptions: { logging } });
  isInstalled = true;
  bundle ??= bundleWorkflowCode({ workflowsPath: ENTRY, logger: quiet });
  return bundle;
}

export interface WorkflowWorld {
  readonly standIn: StandIn;
  readonly client: Client;
  readonly transfer: string;
  readonly taskQueue: string;
  readonly handle: WorkflowHandle;
  start(input?: unknown): Promise<void>;
  launch(): Promise<WorkflowHandle>;
  status(): ReturnType<typeof status>;
  statusOf(table: string): Promise<string | undefined>;
  /** Shuts the workers down, as SIGTERM does, and starts others. */
  restartWorkers(): Promise<void>;
  /** Keeps the history of a run, or the newest, for the replay test, when SLUICE_RECORD_HISTORIES is set. */
  record(name: string, runId?: string): Promise<void>;
  close(): Promise<void>;
}

const status = (handle: WorkflowHandle) => handle.query(statusQuery);

/** The real workflows on a real server; activities are stand-ins that move nothing. */
export async function createWorkflowWorld(options: StandInOptions): Promise<WorkflowWorld> {
  const workflowCode = await workflowBundle();
  const address = servers().temporalAddress;
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const namespace = options.namespace ?? 'default';
  const client = new Client({ connection, namespace });
  const standIn = createStandIn(options);
  const taskQueue = uniqueName('workflow');
  const transfer = uniqueName('t');
  const queues = taskQueues(taskQueue);
  const shared = {
    connection: native,
    namespace,
    activities: { ...standIn.activities },
    maxHeartbeatThrottleInterval: 100,
    shutdownGraceTime: 0,
  };
  const startWorkers = async () => {
    const workers = await Promise.all([
      Worker.create({ ...shared, taskQueue: queues.control, workflowBundle: workflowCode }),
      Worker.create({ ...shared, taskQueue: queues.source }),
      Worker.create({ ...shared, taskQueue: queues.target }),
    ]);
    const running = Promise.all(workers.map((worker) => worker.run()));
    return async (): Promise<void> => {
      for (const worker of workers) worker.shutdown();
      await running;
    };
  };
  let stopWorkers = await startWorkers();
  const handle = client.workflow.getHandle(transferWorkflowId(transfer));
  return {
    standIn,
    client,
    transfer,
    taskQueue,
    handle,
    start: async (input = transfer) => {
      await client.workflow.start(TRANSFER_WORKFLOW, {
        workflowId: transferWorkflowId(transfer),
        taskQueue,
        args: [input],
      });
    },
    launch: () =>
      client.workflow.start(LAUNCH_WORKFLOW, {
        workflowId: uniqueName('launch'),
        taskQueue,
        args: [transfer],
      }),
    status: () => status(handle),
    statusOf: async (table) =>
      (await handle.query(tablesQuery)).tables.find((each) => each.table === table)?.status,
    restartWorkers: async () => {
      await stopWorkers();
      stopWorkers = await startWorkers();
    },
    record: async (name, runId) => {
      if (!process.env['SLUICE_RECORD_HISTORIES']) return;
      const recorded = historyToJSON(
        await client.workflow.getHandle(handle.workflowId, runId).fetchHistory(),
      );
      const anonymous = recorded.replaceAll(/("identity": ?)"[^"]*"/g, '$1"worker"').replaceAll(ROOT, '');
      await writeFile(join(HISTORIES, `${name}.json`), anonymous);
    },
    close: async () => {
      await handle.terminate('the test is over').catch(() => undefined);
      await stopWorkers();
      await connection.close();
      await native.close();
    },
  };
}
