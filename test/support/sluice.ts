import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The built product, as a user runs it; scripts/test builds it first. */
const MAIN = join(ROOT, 'bin', 'sluice');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the commands of one test work. */
export interface SluicePlace {
  readonly configPath: string;
  readonly temporalAddress: string;
  readonly taskQueue: string;
  /** Besides what the process has. */
  readonly environment?: Readonly<Record<string, string>>;
}

const environment = (place: SluicePlace): NodeJS.ProcessEnv => ({
  ...process.env,
  SLUICE_CONFIG: place.configPath,
  TEMPORAL_ADDRESS: place.temporalAddress,
  SLUICE_TASK_QUEUE: place.taskQueue,
  NO_COLOR: '1',
  ...place.environment,
});

/** Runs one command to its end. */
export async function sluice(place: SluicePlace, ...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: environment(place),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export interface WorkerProcess {
  readonly pid: number;
  /** All that it wrote so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then the end. */
  stop(): Promise<number | null>;
  readonly ended: Promise<number | null>;
}

/** Starts `sluice worker` as a process of its own. */
export function startWorker(place: SluicePlace, ...args: readonly string[]): WorkerProcess {
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'worker', ...args], {
    env: environment(place),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    ended,
  };
}

/** Writes a configuration as JSON, which the configuration file may be. */
export async function writeConfig(folder: string, config: unknown): Promise<string> {
  const path = join(folder, 'sluice.json');
  await writeFile(path, JSON.stringify(config, null, 2), { mode: 0o600 });
  return path;
}
