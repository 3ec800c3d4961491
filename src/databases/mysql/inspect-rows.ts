import type { BucketRequest, RowDigest, RowInspector } from '../../engine/ports/row-inspector.ts';
import {
  cellOf,
  renderBucketSums,
  renderDigests,
  renderRowDigests,
  type RowNaming,
} from './sql/checksum-sql.ts';
import type { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { toSluiceError } from './error-codes.ts';
import { renderNamed, renderTargetWhere } from './sql/keys.ts';
import { checksumOf, reading } from './reader.ts';
import { qualified } from './sql/names.ts';
import { selectedRows } from './sql/source-sql.ts';

function namingOf({ plan, side, range, keys, buckets }: BucketRequest): RowNaming {
  const cells = plan.columns.map((column) => cellOf(column, side));
  return {
    ...(side === 'source'
      ? selectedRows(plan, range)
      : { from: qualified(plan.target), where: renderTargetWhere(plan, range) }),
    keys: keys.flatMap((at) => cells[at] ?? []),
    cells,
    buckets,
  };
}

const digestOf = ([digest, ...key]: readonly (string | null)[]): RowDigest => ({
  digest: digest ?? '',
  key: key.map((cell) => cell ?? ''),
});

export function createInspector(pool: Pool): RowInspector {
  const on = <T>(
    { plan, side }: BucketRequest,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    if (side === 'source') return reading(pool, plan, signal, work);
    return pool.use(async (session) => {
      try {
        return await work(session);
      } catch (error) {
        throw signal.aborted ? error : toSluiceError(error, { side: 'target', table: plan.id });
      }
    }, signal);
  };
  return {
    bucketSums: (request, signal) =>
      on(request, signal, async (session) => {
        const { rows } = await session.query(renderBucketSums(namingOf(request)));
        return rows.map(([bucket, ...sums]) => ({
          bucket: Number(bucket),
          ...checksumOf(sums, request.plan.id),
        }));
      }),
    rowDigests: (request, signal) =>
      on(request, signal, async (session) => {
        const { rows } = await session.query(renderRowDigests(namingOf(request), request.chosen));
        return rows.map(digestOf);
      }),
    rowsAt: (request, signal) => {
      const all = { ...request, range: null, buckets: 1 };
      return on(all, signal, async (session) => {
        const { rows } = await session.query(renderDigests(namingOf(all), renderNamed(request)));
        return rows.map(digestOf);
      });
    },
  };
}
