import type { BucketRequest, RowDigest, RowInspector } from '../../engine/ports/row-inspector.ts';
import type { Pool } from './connections/pool.ts';
import type { Thread } from './connections/start-thread.ts';
import { programOf } from './reader.ts';
import { targetProgram } from './sql.ts';
import type { ReadProgram } from './thread/operations.ts';

const digestOf = ([digest = '', ...key]: readonly string[]): RowDigest => ({ digest, key });

export function createInspector(pool: Pool): RowInspector {
  const on = async <T>(
    { plan, side, range }: Pick<BucketRequest, 'plan' | 'side' | 'range'>,
    signal: AbortSignal,
    work: (thread: Thread, program: ReadProgram) => Promise<T>,
  ): Promise<T> => {
    const lease = await pool.scan(signal);
    try {
      const program =
        side === 'source'
          ? await programOf(lease.thread, { plan, range, mostRows: plan.mostRows }, signal)
          : targetProgram(plan, range);
      return await work(lease.thread, program);
    } finally {
      lease.release();
    }
  };
  return {
    bucketSums: (request, signal) => {
      const { keys, buckets } = request;
      return on(request, signal, (thread, program) =>
        thread.call('bucketSums', { program, keys, buckets }, { signal }),
      );
    },
    rowDigests: (request, signal) => {
      const { keys, buckets, chosen } = request;
      return on(request, signal, async (thread, program) => {
        const rows = await thread.call('rowDigests', { program, keys, buckets, chosen }, { signal });
        return rows.map(digestOf);
      });
    },
    rowsAt: ({ plan, side, keys, names }, signal) =>
      on({ plan, side, range: null }, signal, async (thread, whole) => {
        const program = { ...whole, named: { keys, names } };
        return (await thread.call('rowsAt', { program, keys }, { signal })).map(digestOf);
      }),
  };
}
