import type { BucketRequest, BucketSum, RowDigest, RowInspector } from '../../engine/ports/row-inspector.ts';
import type { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import { toSluiceError } from './error-codes.ts';
import { toReadError } from './reader.ts';
import { fromOf, inSql, readingToCompare, sumsOf, whereOf } from './rows/checksum.ts';
import { hashRows } from './rows/hash-rows.ts';
import { renderBucketSums, renderRowDigests, type RowNaming, type SqlCell } from './sql/checksum-sql.ts';

const namingOf = (request: BucketRequest, cells: readonly SqlCell[]): RowNaming => ({
  from: fromOf(request),
  where: whereOf(request).text,
  keys: request.keys,
  cells,
  buckets: request.buckets,
});

async function sumsHere(session: Session, request: BucketRequest): Promise<readonly BucketSum[]> {
  const found = new Map<number, { rows: bigint; sum: bigint }>();
  for await (const row of hashRows(session, readingToCompare(request), request.keys)) {
    const bucket = row.bucket % request.buckets;
    const before = found.get(bucket) ?? { rows: 0n, sum: 0n };
    found.set(bucket, { rows: before.rows + 1n, sum: BigInt.asUintN(64, before.sum + row.head) });
  }
  return [...found].map(([bucket, sums]) => ({ bucket, ...sums }));
}

async function bucketSums(session: Session, request: BucketRequest): Promise<readonly BucketSum[]> {
  const cells = inSql(session, request);
  if (cells === null) return sumsHere(session, request);
  const { rows } = await session.query(renderBucketSums(namingOf(request, cells)), whereOf(request).binds);
  return rows.map(([bucket, ...sums]) => ({ bucket: Number(bucket), ...sumsOf(sums) }));
}

type DigestRequest = BucketRequest & { readonly chosen: readonly number[] };

async function rowDigests(session: Session, request: DigestRequest): Promise<readonly RowDigest[]> {
  const cells = inSql(session, request);
  if (cells !== null) {
    const text = renderRowDigests(namingOf(request, cells), request.chosen);
    const { rows } = await session.query(text, whereOf(request).binds);
    return rows.map(([digest, ...key]) => ({ digest: digest ?? '', key: key.map((cell) => cell ?? '') }));
  }
  const chosen = new Set(request.chosen);
  const found: RowDigest[] = [];
  for await (const { digest, key, bucket } of hashRows(session, readingToCompare(request), request.keys))
    if (chosen.has(bucket % request.buckets)) found.push({ digest, key });
  return found;
}

export function createInspector(pool: Pool): RowInspector {
  const on = <T>(
    { plan, side }: BucketRequest,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T> =>
    pool.use(async (session) => {
      try {
        return await work(session);
      } catch (error) {
        if (signal.aborted) throw error;
        throw side === 'source'
          ? toReadError(error, session, { plan, snapshot: null })
          : toSluiceError(error, { side: 'target', table: plan.id });
      }
    }, signal);
  return {
    bucketSums: (request, signal) => on(request, signal, (session) => bucketSums(session, request)),
    rowDigests: (request, signal) => on(request, signal, (session) => rowDigests(session, request)),
  };
}
