import { readFileSync } from 'node:fs';

/**
 * CPU seconds so far of one thread of this machine, or of a process that has but one: a session of PostgreSQL by its pid, one of
 * MariaDB by its TID. NaN where the kernel does not tell, or where it runs elsewhere.
 */
export function threadCpuSeconds(id: number): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${id}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e9;
  } catch {
    return Number.NaN;
  }
}
