import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { onExit } from '../../scripts/servers/process/on-exit.mjs';
import { taskQueues } from '../../src/workflows/messages.ts';

const SLUICE = fileURLToPath(new URL('../../bin/sluice', import.meta.url));
const POLL_MS = 50;
const START_LIMIT_MS = 60_000;
const TAIL_CHARACTERS = 2_000;
/** temporal.api.enums.v1.TaskQueueType */
const ACTIVITY_QUEUE = 2;

export interface Workers {
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

interface Place {
  readonly address: string;
  readonly taskQueue: string;
}

/** How many processes ask both queues of rows for work. */
async function pollersOf(client: Client, taskQueue: string): Promise<number> {
  const { source, target } = taskQueues(taskQueue);
  const counts = await Promise.all(
    [source, target].map(async (name) => {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name },
        taskQueueType: ACTIVITY_QUEUE,
      });
      return new Set(pollers?.map(({ identity }) => identity)).size;
    }),
  );
  return Math.min(...counts);
}

/** One worker of all roles for each configuration; resolves when Temporal knows all of them. */
export async function startWorkers(
  client: Client,
  configs: readonly string[],
  { address, taskQueue }: Place,
): Promise<Workers> {
  let said = '';
  const children = configs.map((config) => {
    const args = ['worker', '--config', config, '--address', address, '--task-queue', taskQueue];
    const child = spawn(SLUICE, [...args, '--log-level', 'warn'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-TAIL_CHARACTERS);
      });
    const closed = once(child, 'close');
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    const stop = onExit(async () => {
      if (!hasEnded()) child.kill('SIGTERM');
      await closed;
    });
    return { pid: child.pid ?? 0, hasEnded, stop };
  });
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()));
  };
  const startedMs = performance.now();
  while ((await pollersOf(client, taskQueue)) < configs.length) {
    if (children.some((child) => child.hasEnded()) || performance.now() - startedMs > START_LIMIT_MS) {
      await stop();
      throw new Error(`a worker did not start: ${said}`);
    }
    await delay(POLL_MS);
  }
  return { pids: children.map(({ pid }) => pid), stop };
}
