import { readFileSync } from 'node:fs';
import { childrenOf, treeCpuSeconds } from './process-tree.ts';

const SERVERS = ['postgres', 'nats-server', 'temporal', 'mariadbd', 'java'] as const;

/** The kernel keeps fifteen letters of a program's name. */
function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * CPU seconds so far of each server that scripts/servers started for this process: they are its siblings. A server that was
 * given in the environment is not among them, and has no figure.
 */
export function serverCpuSeconds(): Readonly<Record<string, number>> {
  const siblings = childrenOf(process.ppid).map((pid) => ({ pid, name: nameOf(pid) }));
  return Object.fromEntries(
    SERVERS.flatMap((server) => {
      const found = siblings.filter(
        ({ name }) => (server.startsWith(name) || name.startsWith(server)) && name !== '',
      );
      const seconds = found.reduce((sum, { pid }) => sum + treeCpuSeconds(pid), 0);
      return found.length === 0 ? [] : [[server, seconds]];
    }),
  );
}
