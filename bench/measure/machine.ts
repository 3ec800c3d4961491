import { execFile } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { basename } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const loadNow = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

/** The first line of what a program says of its version; null where it is missing. */
async function versionOf(program: string, args: readonly string[] = ['--version']): Promise<string | null> {
  try {
    const { stdout, stderr } = await run(program, [...args]);
    const line = (stdout || stderr).trim().split('\n')[0] ?? '';
    // sqlite3 alone does not say its name.
    return /^\d/.test(line) ? `${basename(program)} ${line.split(' ')[0]}` : line;
  } catch {
    return null;
  }
}

/** What a reader must know of the machine to judge a figure. */
export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly versions: readonly string[];
}

export async function describeMachine(programs: readonly string[]): Promise<Machine> {
  const found = await Promise.all(programs.map((program) => versionOf(program)));
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    versions: [`Node ${process.version}`, ...found.filter((version) => version !== null)],
  };
}
