import type { BucketRequest, RowInspector } from '../../engine/ports/row-inspector.ts';
import type { Pool } from './connections/pool.ts';
import type { Thread } from './connections/start-thread.ts';
import { programOf } from './reader.ts';
import { targetProgram } from './sql.ts';
import type { InspectProgram } from './thread/operations.ts';

export function createInspector(pool: Pool): RowInspector {
  const on = async <T>(
    request: BucketRequest,
    signal: AbortSignal,
    work: (thread: Thread, input: InspectProgram) => Promise<T>,
  ): Promise<T> => {
    const { plan, side, range, keys, buckets } = request;
    const lease = await pool.scan(signal);
    try {
      const program =
        side === 'source'
          ? await programOf(lease.thread, { plan, range, mostRows: plan.mostRows }, signal)
          : targetProgram(plan, range);
      return await work(lease.thread, { program, keys, buckets });
    } finally {
      lease.release();
    }
  };
  return {
    bucketSums: (request, signal) =>
      on(request, signal, (thread, input) => thread.call('bucketSums', input, { signal })),
    rowDigests: (request, signal) =>
      on(request, signal, async (thread, input) => {
        const { chosen } = request;
        const rows = await thread.call('rowDigests', { ...input, chosen }, { signal });
        return rows.map(([digest = '', ...key]) => ({ digest, key }));
      }),
  };
}
