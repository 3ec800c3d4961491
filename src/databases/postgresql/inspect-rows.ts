import type { BucketRequest, RowDigest, RowInspector } from '../../engine/ports/row-inspector.ts';
import { toSluiceError } from './error-codes.ts';
import type { Pool, Session } from './pool.ts';
import { reading, selectedRows } from './reader.ts';
import {
  renderBucketSums,
  renderDigests,
  renderNamed,
  renderRowDigests,
  renderRowText,
  renderTargetConditions,
  type RowNaming,
} from './sql.ts';
import { targetFrom } from './rows/target-from.ts';

/** FROM and WHERE of one side. */
async function placeOf(session: Session, { plan, side, range }: BucketRequest) {
  if (side === 'target')
    return { from: await targetFrom(session, plan), where: renderTargetConditions(plan, range) };
  return selectedRows(session, plan, range);
}

async function namingOf(session: Session, request: BucketRequest): Promise<RowNaming> {
  const { plan, side, keys, buckets } = request;
  const utf8 = session.parameter('server_encoding') === 'UTF8';
  const renders = plan.columns.map((column) =>
    side === 'source' ? column.renderSource : column.renderTarget,
  );
  const names = keys.map((at) => renders[at] ?? 'NULL');
  return {
    ...(await placeOf(session, request)),
    keys: names,
    keyText: renderRowText(names.length === 0 ? renders : names, utf8),
    rowText: renderRowText(renders, utf8),
    buckets,
    utf8,
  };
}

const digestOf = ([digest, ...key]: readonly (string | null)[]): RowDigest => ({
  digest: digest ?? '',
  key: key.map((cell) => cell ?? ''),
});

export function createInspector(pool: Pool): RowInspector {
  const on = <T>(
    request: BucketRequest,
    signal: AbortSignal,
    work: (session: Session, naming: RowNaming) => Promise<T>,
  ): Promise<T> => {
    const run = async (session: Session): Promise<T> => work(session, await namingOf(session, request));
    if (request.side === 'source') return reading(pool, request.plan, { snapshot: null, signal }, run);
    return pool.use(async (session) => {
      try {
        return await run(session);
      } catch (error) {
        throw signal.aborted ? error : toSluiceError(error, { side: 'target', table: request.plan.id });
      }
    }, signal);
  };
  return {
    bucketSums: (request, signal) =>
      on(request, signal, async (session, naming) => {
        const { rows } = await session.query(renderBucketSums(naming));
        return rows.map(([bucket, count, sum]) => ({
          bucket: Number(bucket),
          rows: BigInt(count ?? 0),
          sum: BigInt(sum ?? 0),
        }));
      }),
    rowDigests: (request, signal) =>
      on(request, signal, async (session, naming) => {
        const { rows } = await session.query(renderRowDigests(naming, request.chosen));
        return rows.map(digestOf);
      }),
    rowsAt: (request, signal) =>
      on({ ...request, range: null, buckets: 1 }, signal, async (session, naming) => {
        const { rows } = await session.query(renderDigests(naming, renderNamed(request)));
        return rows.map(digestOf);
      }),
  };
}
