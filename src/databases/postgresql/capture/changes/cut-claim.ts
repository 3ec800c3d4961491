import { createClaimCut } from '../../../../engine/capture/claim-cut.ts';
import type { ClaimLimits } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../pool.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { renderCutClaim, renderLookAt, type Span } from './pending-sql.ts';

/** The claim that the first events of a span make. */
export interface CutClaim {
  readonly lastId: string;
  readonly events: number;
  /** The span has no more of them. */
  readonly isLast: boolean;
}

interface CutRequest {
  readonly span: Span;
  readonly limits: ClaimLimits;
}

/** Events of one look at most: their numbers come as one row. */
const MOST_OF_A_LOOK = 100_000;

const numbersOf = (array: string | null | undefined): readonly string[] =>
  array ? array.slice(1, -1).split(',') : [];

async function cutWhole(
  session: Session,
  names: CaptureNames,
  { span, limits }: CutRequest,
): Promise<CutClaim | null> {
  const cut = createClaimCut(limits);
  const ids: string[] = [];
  const ended = (isAll: boolean): CutClaim | null => {
    const events = cut.take(isAll);
    const lastId = ids[events - 1];
    return lastId === undefined ? null : { lastId, events, isLast: isAll && events === ids.length };
  };
  for (;;) {
    const most = Math.min(Math.max(2 * limits.events + 1, ids.length), MOST_OF_A_LOOK);
    const afterId = ids.at(-1) ?? span.afterId;
    const { rows } = await session.query(renderLookAt(names, { ...span, afterId }, most));
    const [found, transactions, sizes] = (rows[0] ?? []).map(numbersOf);
    for (const [at, id] of (found ?? []).entries()) {
      const event = { transaction: transactions?.[at] ?? '', bytes: Number(sizes?.[at]), at: null };
      if (!cut.add(event)) return ended(false);
      ids.push(id);
    }
    if ((found ?? []).length < most) return ended(true);
  }
}

/** Null: the span has no events. */
export async function cutClaim(
  session: Session,
  names: CaptureNames,
  request: CutRequest,
): Promise<CutClaim | null> {
  if (request.limits.whole) return cutWhole(session, names, request);
  const { rows } = await session.query(renderCutClaim(names, request.span, request.limits));
  const [lastId, events, isLast] = rows[0] ?? [];
  return typeof lastId === 'string' ? { lastId, events: Number(events), isLast: isLast === 't' } : null;
}
