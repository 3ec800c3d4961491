import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const SLUICE = join(ROOT, 'bin', 'sluice');

export interface Place {
  readonly folder: string;
  readonly config: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Runs a script of this repository and shows what it says. @throws Error when it fails */
export async function runScript(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
}

/** A command of the product. Its text is shown unless it is asked for. */
export async function sluice(
  place: Place,
  args: readonly string[],
  show = true,
): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(process.execPath, [SLUICE, ...args], {
    env: place.environment,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'ignore'],
  });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout };
}

/** A worker process; what it says goes to worker.log in the demo's folder. */
export function startWorker(place: Place): ChildProcess {
  const child = spawn(process.execPath, [SLUICE, 'worker'], {
    env: place.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(join(place.folder, 'worker.log'), { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  return child;
}

export async function endWorker(worker: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (!worker || worker.exitCode !== null || worker.signalCode !== null) return;
  const closed = once(worker, 'exit');
  worker.kill(signal);
  await closed;
}
