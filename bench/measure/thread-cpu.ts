import { readFileSync } from 'node:fs';

/**
 * CPU seconds so far of one thread of this machine, or of a process that has but one: a session of PostgreSQL by its pid, one of
 * MariaDB by its TID. NaN where the kernel does not tell, or where it runs elsewhere.
 */
function threadCpuSeconds(id: number): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${id}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e9;
  } catch {
    return Number.NaN;
  }
}

/** What a statement takes: its time, and of its session alone the CPU. @param id  as threadCpuSeconds has it */
export async function statementCost(
  id: number,
  run: () => Promise<unknown>,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const cpuBefore = threadCpuSeconds(id);
  const beganMs = performance.now();
  await run();
  const seconds = (performance.now() - beganMs) / 1000;
  return { seconds, cpuSeconds: threadCpuSeconds(id) - cpuBefore };
}
