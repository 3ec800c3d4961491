import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { onExit } from '../../scripts/servers/process/on-exit.mjs';
import { taskQueues } from '../../src/workflows/messages.ts';

/** Flags for the worker's node, such as --cpu-prof, when one looks for what holds a figure. */
const NODE_FLAGS = (process.env['SLUICE_BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
const SLUICE = fileURLToPath(new URL('../../bin/sluice', import.meta.url));
const POLL_MS = 50;
const START_LIMIT_MS = 60_000;
const TAIL_CHARACTERS = 2_000;

/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW_QUEUE = 1;
const ACTIVITY_QUEUE = 2;

export interface RunningWorker {
  readonly pid: number;
  /** What it said last, for errors. */
  readonly said: () => string;
  stop(): Promise<void>;
}

export interface WorkerOptions {
  readonly config: string;
  readonly address: string;
  readonly taskQueue: string;
}

async function hasPollers(client: Client, taskQueue: string): Promise<boolean> {
  const { control, source, target } = taskQueues(taskQueue);
  const wanted = [
    [control, WORKFLOW_QUEUE],
    [control, ACTIVITY_QUEUE],
    [source, ACTIVITY_QUEUE],
    [target, ACTIVITY_QUEUE],
  ] as const;
  const answers = await Promise.all(
    wanted.map(([name, taskQueueType]) =>
      client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name },
        taskQueueType,
      }),
    ),
  );
  return answers.every(({ pollers }) => (pollers?.length ?? 0) > 0);
}

/** Starts the worker that a user would start, and waits until Temporal knows it. */
export async function startWorker(client: Client, options: WorkerOptions): Promise<RunningWorker> {
  const args = ['worker', '--config', options.config, '--address', options.address];
  const [program, ...before] = NODE_FLAGS.length > 0 ? [process.execPath, ...NODE_FLAGS, SLUICE] : [SLUICE];
  const child = spawn(program, [...before, ...args, '--task-queue', options.taskQueue], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-TAIL_CHARACTERS);
    });
  }
  const closed = once(child, 'close');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = onExit(async () => {
    if (!hasEnded()) child.kill('SIGTERM');
    await closed;
  });
  const startedMs = performance.now();
  while (!(await hasPollers(client, options.taskQueue))) {
    if (hasEnded()) throw new Error(`the worker ended: ${said}`);
    if (performance.now() - startedMs > START_LIMIT_MS) {
      await stop();
      throw new Error(`the worker is not ready after ${START_LIMIT_MS / 1000} s: ${said}`);
    }
    await delay(POLL_MS);
  }
  return { pid: child.pid ?? 0, said: () => said, stop };
}
