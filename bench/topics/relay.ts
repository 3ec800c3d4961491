import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { required } from '../environment.ts';

const COMMAND = fileURLToPath(new URL('capture-command.ts', import.meta.url));
const ARGS = ['--import', 'tsx', COMMAND];
const POLL_MS = 20;

export interface RelayRequest {
  readonly url: string;
  readonly table: string;
  readonly topic: string;
}

const environment = ({ url, table, topic }: RelayRequest): NodeJS.ProcessEnv => ({
  ...process.env,
  SOURCE_URL: url,
  TABLE: table,
  TOPIC: topic,
  KAFKA_BOOTSTRAP: required('SLUICE_TEST_KAFKA_BROKERS'),
});

/** What one call of the command moved; see capture-command.ts. */
export interface Drained {
  readonly events: number;
  readonly claims: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Moves what is pending and ends. */
export async function drain(request: RelayRequest): Promise<Drained> {
  const env = { ...environment(request), UNTIL: 'caught-up' };
  const { stdout } = await promisify(execFile)(process.execPath, ARGS, { env });
  return JSON.parse(stdout) as Drained;
}

export interface RunningRelay {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Resolves once the file is there that the process makes when it captures. @throws Error where the process ends before */
export async function untilReady(child: ChildProcess, file: string): Promise<void> {
  while (!existsSync(file)) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error('a relay ended before it was ready');
    await delay(POLL_MS);
  }
}

/** Moves what changes until it is stopped. */
export async function startRelay(request: RelayRequest): Promise<RunningRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const ready = join(folder, 'ready');
  const child = spawn(process.execPath, ARGS, {
    env: { ...environment(request), READY_FILE: ready },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(child, ready);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid ?? 0, stop };
}
