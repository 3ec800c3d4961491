import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const SAMPLE_MS = 50;
/** USER_HZ, in which /proc counts; 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

interface ProcessSample {
  readonly parent: number;
  readonly ownCpuSeconds: number;
  /** Of its children that have ended, and theirs. */
  readonly childrenCpuSeconds: number;
}

/** Null for a process that is gone, or without /proc (macOS). */
function readProcess(pid: number | 'self'): ProcessSample | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of a program may hold spaces and brackets; what follows its last bracket is numbers.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const seconds = (field: number): number => (fields[field] ?? 0) / TICKS_A_SECOND;
    return {
      parent: fields[1] ?? 0,
      ownCpuSeconds: seconds(11) + seconds(12),
      childrenCpuSeconds: seconds(13) + seconds(14),
    };
  } catch {
    return null;
  }
}

function residentBytes(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function allChildren(): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  if (process.platform !== 'linux') return children;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const found = Number.isInteger(pid) ? readProcess(pid) : null;
    if (found) children.set(found.parent, [...(children.get(found.parent) ?? []), pid]);
  }
  return children;
}

export const childrenOf = (pid: number): readonly number[] => allChildren().get(pid) ?? [];

function treeOf(root: number): readonly number[] {
  const children = allChildren();
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** CPU seconds of all children of this process that have ended, and of theirs; 0 without /proc. */
export const endedChildrenCpuSeconds = (): number => readProcess('self')?.childrenCpuSeconds ?? 0;

/** CPU seconds of a living process tree; 0 without /proc. */
export const treeCpuSeconds = (root: number): number =>
  treeOf(root)
    .map(readProcess)
    .reduce((sum, found) => sum + (found?.ownCpuSeconds ?? 0) + (found?.childrenCpuSeconds ?? 0), 0);

/** Looks at a process tree 20 times a second, until it is stopped. Counts nothing where there is no /proc. */
export function watchMemory(root: number): { readonly stop: () => Promise<number> } {
  const ending = new AbortController();
  let peakBytes = 0;
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const bytes = treeOf(root).reduce((sum, pid) => sum + residentBytes(pid), 0);
      peakBytes = Math.max(peakBytes, bytes);
      await delay(SAMPLE_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  return {
    /** @returns the highest sum of resident memory, in bytes */
    stop: async () => {
      ending.abort();
      await watching;
      return peakBytes;
    },
  };
}
