import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../catalog/variables.ts';
import type { ConfigFile } from '../../model/config.ts';

/** Files of one copy. */
export interface CopyFiles {
  readonly config: string;
  readonly log: string;
  /** Process id of the copy's worker. */
  readonly pid: string;
}

/** SLUICE_STATE, else the user's state folder of the XDG specification. */
export function stateFolder(environment: Environment): string {
  if (environment['SLUICE_STATE']) return environment['SLUICE_STATE'];
  const base = environment['XDG_STATE_HOME'] || join(environment['HOME'] ?? homedir(), '.local', 'state');
  return join(base, 'sluice');
}

export const copyFiles = (folder: string, name: string): CopyFiles => ({
  config: join(folder, `${name}.json`),
  log: join(folder, `${name}.log`),
  pid: join(folder, `${name}.pid`),
});

/** Writes the configuration where only its owner reads it; whole or not at all. */
export function writeCopyConfig(folder: string, files: CopyFiles, config: ConfigFile): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${files.config}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(draft, 0o600);
    renameSync(draft, files.config);
  } finally {
    rmSync(draft, { force: true });
  }
}

export const removeFile = (path: string): void => rmSync(path, { force: true });

/** What the worker of a copy removes at the end: the file with the URLs, and who the worker was. */
export function removeCopyConfig(path: string): void {
  removeFile(path);
  removeFile(path.replace(/\.json$/, '.pid'));
}

/** Whether the worker that was started for this copy still runs; null where none was started from here. */
export function workerRuns(files: CopyFiles): boolean | null {
  let pid: number;
  try {
    pid = Number(readFileSync(files.pid, 'utf8'));
  } catch {
    return null;
  }
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // Numbers of processes come again: where the system tells, the command must be ours.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(files.config);
  } catch {
    return true;
  }
}

const TAIL_LINES = 5;

/** The last lines of the worker's log, for the error when it died. */
export function logTail(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } catch {
    return '';
  }
}
