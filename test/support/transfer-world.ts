import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { CaptureSpec } from '../../src/model/capture-spec.ts';
import type { TransferSettings } from '../../src/model/transfer-settings.ts';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import {
  settingsUpdate,
  tablesQuery,
  type TransferReport,
  statusQuery,
  transferWorkflowId,
  TRANSFER_WORKFLOW,
} from '../../src/workflows/messages.ts';
import { createFolder, uniqueName } from './databases.ts';
import { eventually } from './eventually.ts';
import { servers } from './servers.ts';
import {
  type Ran,
  type SluicePlace,
  sluice,
  startWorker,
  type WorkerProcess,
  writeConfig,
} from './sluice.ts';

export interface TransferWorld {
  readonly place: SluicePlace;
  readonly folder: string;
  readonly client: Client;
  /** Name of the one transfer, unique among all tests. */
  readonly transfer: string;
  readonly handle: WorkflowHandle;
  worker(...args: readonly string[]): WorkerProcess;
  cli(...args: readonly string[]): Promise<Ran>;
  start(input?: unknown): Promise<void>;
  /** The report, once the transfer is over. */
  result(timeoutMs?: number): Promise<TransferReport>;
  /** As `eventually`; what the transfer and its workers said last stands in the error when it takes too long. */
  eventually: typeof eventually;
  /** Writes the configuration file anew with another spec; who has read it knows nothing of that. */
  rewrite(spec: WorldOptions['spec']): Promise<void>;
  /** Changes settings of the running transfer; waits until a worker has answered. */
  change(settings: Partial<TransferSettings>): Promise<void>;
  /** Waits until so many activities of a name run, no fewer and no more. */
  runsAtOnce(activity: string, count: number): Promise<void>;
  status(): ReturnType<typeof queryStatus>;
  tables(): ReturnType<typeof queryTables>;
  /** Stops what was started and removes the folder. */
  close(): Promise<void>;
}

const queryStatus = (handle: WorkflowHandle) => handle.query(statusQuery);
const queryTables = (handle: WorkflowHandle) => handle.query(tablesQuery, { limit: 500 });

/** A URL, or the whole connection as it stands in the configuration. */
export type Connected = string | (Readonly<Record<string, unknown>> & { readonly url: string });

export interface WorldOptions {
  readonly source: Connected;
  readonly target: Connected;
  readonly hub?: Connected;
  readonly temporalAddress?: string;
  /** Of the workers; default: the product's. */
  readonly sliceBudget?: string;
  /** The target is `target`, unless it is said. */
  readonly spec: Omit<TransferSpec, 'source' | 'hub' | 'target'> & { readonly target?: string };
  /** What is captured of the source; absent: nothing. */
  readonly capture?: CaptureSpec;
}

const connected = (connection: Connected) =>
  typeof connection === 'string' ? { url: connection } : connection;

/** temporal.api.enums.v1.PendingActivityState */
const STARTED = 2;

const RESULT_TIMEOUT_MS = 120_000;
/** Characters of a worker's output that an error shows. */
const SHOWN_OUTPUT = 3_000;

/** A configuration with one transfer between two databases, its workers and its workflow. */
export async function createWorld(options: WorldOptions): Promise<TransferWorld> {
  const folder = await createFolder();
  const transfer = uniqueName('t');
  const temporalAddress = options.temporalAddress ?? servers().temporalAddress;
  const configure = (spec: WorldOptions['spec']) =>
    writeConfig(folder.path, {
      version: 1,
      connections: {
        source: connected(options.source),
        target: connected(options.target),
        hub: connected(options.hub ?? servers().natsUrl),
      },
      ...(options.capture && { captures: { source: options.capture } }),
      transfers: { [transfer]: { source: 'source', hub: 'hub', target: 'target', ...spec } },
    });
  const place: SluicePlace = {
    configPath: await configure(options.spec),
    temporalAddress,
    taskQueue: uniqueName('queue'),
    environment: options.sliceBudget === undefined ? {} : { SLUICE_SLICE_BUDGET: options.sliceBudget },
  };
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection });
  const handle = client.workflow.getHandle(transferWorkflowId(transfer));
  const workers: WorkerProcess[] = [];
  const lastWords = async (): Promise<string> => {
    const said = await Promise.all([
      queryStatus(handle).catch((error: unknown) => String(error)),
      queryTables(handle).catch((error: unknown) => String(error)),
    ]);
    const outputs = workers.map((worker) => `worker ${worker.pid}: ${worker.output().slice(-SHOWN_OUTPUT)}`);
    return [...said.map((each) => JSON.stringify(each)), ...outputs.slice(-2)].join('\n');
  };
  const eventuallyHere: typeof eventually = (what, condition, timeoutMs) =>
    eventually(what, condition, timeoutMs).catch(async (cause: unknown) => {
      throw new Error(`not in time: ${what}\n${await lastWords()}`, { cause });
    });
  const result = async (timeoutMs = RESULT_TIMEOUT_MS): Promise<TransferReport> => {
    const isOver = async () => (await handle.describe()).status.name !== 'RUNNING';
    await eventuallyHere('the transfer is over', isOver, timeoutMs);
    return handle.result() as Promise<TransferReport>;
  };
  return {
    place,
    folder: folder.path,
    client,
    transfer,
    handle,
    worker: (...args) => {
      const worker = startWorker(place, ...args);
      workers.push(worker);
      return worker;
    },
    cli: (...args) => sluice(place, ...args),
    start: async (input = transfer) => {
      await client.workflow.start(TRANSFER_WORKFLOW, {
        workflowId: transferWorkflowId(transfer),
        taskQueue: place.taskQueue,
        args: [input],
      });
    },
    result,
    eventually: eventuallyHere,
    rewrite: async (spec) => {
      await configure(spec);
    },
    change: async (settings) => {
      await eventually('the settings are taken', async () => {
        await handle.executeUpdate(settingsUpdate, { args: [settings] });
        return true;
      });
    },
    runsAtOnce: async (activity, count) => {
      await eventuallyHere(`${count} of ${activity} run at once`, async () => {
        const { raw } = await handle.describe();
        const running = (raw.pendingActivities ?? []).filter(
          ({ activityType, state }) => activityType?.name === activity && Number(state) === STARTED,
        );
        return running.length === count;
      });
    },
    status: () => queryStatus(handle),
    tables: () => queryTables(handle),
    close: async () => {
      await handle.terminate('the test is over').catch(() => undefined);
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => worker.ended));
      await connection.close();
      await folder.remove();
    },
  };
}
