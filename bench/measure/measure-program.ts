import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onExit } from '../../scripts/servers/process/on-exit.mjs';
import { endedChildrenCpuSeconds, watchMemory } from './process-tree.ts';

/** What a program that does not end is given: an hour, far above every case. */
const LIMIT_MS = 3_600_000;
const TAIL_CHARACTERS = 1_000;

export interface ProgramResult {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Null when it ended with 0. */
  readonly error: string | null;
}

/** Runs a program with all it starts, and measures it. Nothing else that this process started may end meanwhile. */
export async function measureProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ProgramResult> {
  const cpuBefore = endedChildrenCpuSeconds();
  const startedMs = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const closed = once(child, 'close');
  const pid = child.pid ?? 0;
  // A group of its own, so that a pipe of programs ends as a whole.
  const endGroup = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-pid, 'SIGTERM');
    await closed;
  };
  const undo = onExit(endGroup);
  const timer = setTimeout(() => void endGroup(), LIMIT_MS);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-TAIL_CHARACTERS);
  });
  const memory = watchMemory(pid);
  try {
    const [code, signal] = (await closed) as [number | null, string | null];
    const seconds = (performance.now() - startedMs) / 1000;
    return {
      seconds,
      cpuSeconds: endedChildrenCpuSeconds() - cpuBefore,
      peakBytes: await memory.stop(),
      error: code === 0 ? null : `ended with ${code ?? signal}: ${said.trim()}`,
    };
  } finally {
    clearTimeout(timer);
    await memory.stop();
    await undo();
  }
}
