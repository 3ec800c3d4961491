import { workerData } from 'node:worker_threads';

const flag = workerData instanceof SharedArrayBuffer ? new Int32Array(workerData) : null;

/** For loops over many rows. @throws Error once nobody waits for what this thread does */
export function stopIfGivenUp(): void {
  if (flag !== null && Atomics.load(flag, 0) !== 0) throw new Error('the thread was given up');
}
