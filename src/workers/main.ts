import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities.ts';
import type { ConnectionRegistry } from '../engine/ports/connection-registry.ts';
import { systemClock } from '../engine/clock.ts';
import { SluiceError } from '../model/sluice-error.ts';
import { connectionOptions, type TemporalAccess } from '../model/temporal-access.ts';
import { taskQueues, transferWorkflowId } from '../workflows/messages.ts';
import { createConnectionRegistry, loadKinds } from './connection-registry.ts';
import { startHealthServer } from './health.ts';
import { createLogger, type Logger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { knowsSearchAttributes, registerSearchAttributes } from './search-attributes.ts';
import { takeTurns } from './take-turns.ts';
import { queuesOf, servedSites, type WorkerSettings } from './settings.ts';

/** Temporal may start after us: tried again for so long before the process gives up. */
const CONNECT_FOR_MS = 60_000;

async function connect(access: TemporalAccess, log: Logger, signal: AbortSignal): Promise<NativeConnection> {
  const started = systemClock.now();
  for (let pauseMs = 250; ; pauseMs = Math.min(5_000, pauseMs * 2)) {
    try {
      return await NativeConnection.connect(connectionOptions(access));
    } catch (cause) {
      if (signal.aborted || systemClock.now() - started > CONNECT_FOR_MS) {
        throw new SluiceError('temporal.unreachable', `no Temporal service answers at ${access.address}`, {
          cause,
        });
      }
      log.warn({ address: access.address }, 'Temporal does not answer yet; trying again');
      await systemClock.sleep(pauseMs, signal);
    }
  }
}

/** The prebuilt bundle of a built product; from source the SDK bundles when the worker starts. */
function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return { workflowsPath: fileURLToPath(new URL(`../workflows/index.${ending}`, import.meta.url)) };
}

/**
 * Of threads that start from now on. Temporal runs all workflow code in one thread: it makes little garbage, and V8 would give
 * it up to 48 MiB to make it in.
 */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=2';
const DEFAULT_YOUNG_GENERATION = '--max-semi-space-size=0';

let runtimeInstalled = false;

/** The SDK's runtime is one a process. It handles SIGINT and SIGTERM: workers end at their next batch. */
function installRuntime(log: Logger): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  Runtime.install({
    // The SDK's native core writes plain text otherwise.
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      if (message.startsWith('No workflows registered')) return; // queues of activities only: as intended
      const { error, ...fields } = meta ?? {};
      const name = error instanceof Error ? { error: error.name } : {};
      log[level === 'ERROR' ? 'error' : 'warn']({ ...fields, ...name }, message);
    }),
  });
}

async function createWorkers(
  settings: WorkerSettings,
  connection: NativeConnection,
  registry: { connections: ConnectionRegistry; log: Logger; metrics: ReturnType<typeof createMetrics> },
) {
  const queues = queuesOf(settings.role, settings.temporal.taskQueue, servedSites(settings));
  const ownSourceQueue = `${taskQueues(settings.temporal.taskQueue).source}-${randomUUID()}`;
  const activities = createActivities({
    config: settings.config,
    connections: registry.connections,
    observer: registry.metrics.observer,
    log: registry.log,
    sliceBudgetMs: settings.sliceBudgetMs,
    ownSourceQueue,
    knowsSearchAttributes: () => knowsSearchAttributes(connection, settings.temporal.namespace),
  });
  const shared = {
    connection,
    namespace: settings.temporal.namespace,
    // Cancellation travels in heartbeat answers: the wait for the next one is most of a pause's delay.
    maxHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: 0,
    shutdownForceTime: '30s',
  } as const;
  const workers: Promise<Worker>[] = [];
  if (queues.control) {
    workers.push(
      Worker.create({
        ...shared,
        ...workflowSource(),
        taskQueue: queues.control,
        activities: { ...activities.control },
        stickyQueueScheduleToStartTimeout: '5s',
      }),
    );
  }
  const { namespace } = settings.temporal;
  const move = (name: string, side: 'source' | 'target') =>
    Worker.create({
      ...shared,
      taskQueue: name,
      activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
      tuner: takeTurns(connection, { namespace, name }, settings.slots[side]),
      activities: { ...activities[side] },
    });
  for (const name of queues.source) workers.push(move(name, 'source'));
  if (queues.source.length > 0) workers.push(move(ownSourceQueue, 'source'));
  for (const name of queues.target) workers.push(move(name, 'target'));
  return Promise.all(workers);
}

/** Resolves once the transfer's workflow is closed or was never there for a while. */
async function untilClosed(access: TemporalAccess, transfer: string, signal: AbortSignal): Promise<void> {
  const connection = await Connection.connect(connectionOptions(access));
  try {
    const client = new Client({ connection, namespace: access.namespace });
    while (!signal.aborted) {
      const status = await client.workflow
        .getHandle(transferWorkflowId(transfer))
        .describe()
        .then(
          (described) => described.status.name,
          () => 'UNKNOWN',
        );
      if (status !== 'RUNNING' && status !== 'UNKNOWN' && status !== 'CONTINUED_AS_NEW') return;
      await systemClock.sleep(1_000, signal);
    }
  } finally {
    await connection.close();
  }
}

/**
 * Runs a worker process until the signal aborts, the process is told to end, or the transfer of `exitWith` is over.
 * Running slices end at their next batch; whatever they did not finish, another worker goes on with.
 * @throws SluiceError temporal.unreachable, config.*
 */
export async function runWorker(settings: WorkerSettings, signal: AbortSignal): Promise<void> {
  const secrets = new Set<string>();
  const log = createLogger(settings.logLevel, () => [...secrets]);
  const metrics = createMetrics();
  const connections = createConnectionRegistry({
    config: settings.config,
    onSecrets: (found) => found.forEach((secret) => secrets.add(secret)),
  });
  installRuntime(log);
  await loadKinds(settings.config);
  const connection = await connect(settings.temporal, log, signal);
  if (queuesOf(settings.role).control)
    await registerSearchAttributes(connection, settings.temporal.namespace, log);
  setFlagsFromString(SMALL_YOUNG_GENERATION);
  const workers = await createWorkers(settings, connection, { connections, log, metrics });
  setFlagsFromString(DEFAULT_YOUNG_GENERATION);
  const health =
    settings.metricsPort === null
      ? null
      : await startHealthServer({
          port: settings.metricsPort,
          registry: metrics.registry,
          isReady: () => workers.every((worker) => worker.getState() === 'RUNNING'),
        });
  const ending = new AbortController();
  const end = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    const running = Promise.all(workers.map((worker) => worker.run()));
    log.info(
      {
        role: settings.role,
        taskQueues: workers.map((worker) => worker.options.taskQueue),
        metricsPort: health?.port ?? null,
      },
      'worker started',
    );
    if (settings.exitWith !== null)
      void untilClosed(settings.temporal, settings.exitWith, ending.signal).then(end, end);
    await running;
    log.info('worker ended');
  } finally {
    ending.abort();
    signal.removeEventListener('abort', end);
    await health?.close();
    await connections.closeAll();
    await connection.close();
  }
}
