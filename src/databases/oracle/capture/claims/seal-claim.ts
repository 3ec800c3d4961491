import {
  encodeLooked,
  judgeGaps,
  type JudgedGaps,
  type Looked,
  lookedAfter,
} from '../../../../engine/capture/id-gaps.ts';
import { encodeRuns } from '../../../../engine/capture/id-runs.ts';
import { decodeNumbers } from '../../../../engine/capture/lane-tables.ts';
import type { ClaimLimits, Lease } from '../../../../engine/ports/change-capture.ts';
import { COMMIT } from '../../connections/pool.ts';
import type { Session } from '../../connections/session.ts';
import type { CaptureNames } from '../capture-names.ts';
import { renderInsertClaim, renderWriteLooked } from '../sql/claims-sql.ts';
import { laneBinds, lockLane } from './lanes.ts';
import { lookAround } from './look.ts';
import type { TransactionWatch } from './open-transactions.ts';

const unjudged = ({ gaps }: Looked): readonly JudgedGaps[] =>
  gaps.map((each) => ({ gaps: each, isOver: false }));

/**
 * See ChangeCapture.seal, and src/engine/capture/id-gaps.ts for what is pending and why. One transaction under the lock of the lane's
 * row; no event is locked. It looks behind that lock and behind the question which transactions are open. If the commit's answer is
 * lost, the claim may be sealed: the lane tells whoever takes it next.
 */
export async function sealClaim(
  session: Session,
  names: CaptureNames,
  watch: TransactionWatch,
  { lease, limits }: { readonly lease: Lease; readonly limits: ClaimLimits },
): Promise<number | null> {
  const { looked: before, numbers, sealed } = await lockLane(session, names, lease);
  const open = before.gaps.length > 0 ? await watch.ask(session) : null;
  const judged = open ? judgeGaps(before.gaps, open) : unjudged(before);
  const tables = new Set(decodeNumbers(numbers));
  const found = await lookAround(session, names, { before, judged, tables, limits });
  const looked = encodeLooked(lookedAfter(judged, found.look));
  const claim = found.events > 0 ? sealed + 1 : null;
  if (claim !== null) {
    await session.query(renderInsertClaim(names), {
      ...laneBinds(lease),
      claim: String(claim),
      runs: encodeRuns(found.runs),
      events: String(found.events),
    });
  }
  if (claim !== null || looked !== encodeLooked(before)) {
    const binds = { ...laneBinds(lease), looked, sealed: String(claim ?? sealed) };
    await session.query(renderWriteLooked(names), binds);
  }
  await session.query(COMMIT);
  return claim;
}
