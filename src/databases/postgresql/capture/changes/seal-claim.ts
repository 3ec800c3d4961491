import { leaseLost } from '../../../../engine/capture/lane-errors.ts';
import type { ClaimLimits, Lease } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../pool.ts';
import { literal } from '../../sql.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { type CutClaim, cutClaim } from './cut-claim.ts';
import { renderLanes } from './lane-state.ts';
import { ALONG_THE_INDEX, type Span } from './pending-sql.ts';
import { renderIdsBefore, renderTicked, tick, TICK_IDS, tickedOf } from './ticks.ts';

/** After so many ids that are none of an idle lane's it remembers that it looked at them. */
const IDLE_IDS = 4 * TICK_IDS;

/** What a lane has pending, and how it stood when that was found out. */
interface Pending {
  readonly span: Span;
  readonly sealed: string;
  /** The last id that was drawn. */
  readonly ids: bigint;
  /** A tick was noted lately: an interval that begins at the snapshot begins behind it. */
  readonly isTicked: boolean;
}

/**
 * Begins a transaction and tells what is pending: of the interval that the last claim did not exhaust, or of a new one up to now. A snapshot
 * that is taken before the rows are read: what is visible in it is committed, and its rows are seen by every later statement.
 */
async function lookAt(session: Session, names: CaptureNames, lease: Lease): Promise<Pending> {
  // One way to the server and back: what is pending waits for each.
  const { rows } = await session.query(
    `BEGIN; SET LOCAL synchronous_commit = on; ${ALONG_THE_INDEX};
     SELECT t.ids, t.is_recent, t.is_ahead, l.epoch, l.sealed, l.table_numbers, l.since, coalesce(l.upto, s.now),
       CASE WHEN l.upto IS NULL THEN ${renderIdsBefore(names, 'l.since', 's.now')} ELSE l.after_id END
     FROM (${renderTicked(names)}) AS t, (SELECT txid_current_snapshot() AS now) AS s
       LEFT JOIN ${renderLanes(names)} AS l ON l.transfer = ${literal(lease.transfer)} AND l.lane = ${lease.lane}`,
  );
  const [ids = null, isRecent = null, isAhead = null, epoch, ...cells] = rows[0] ?? [];
  const ticked = tickedOf([ids, isRecent, isAhead], names);
  if (epoch !== lease.epoch) throw leaseLost(lease);
  const [sealed = '', tables = '', since = '', upto = '', afterId = ''] = cells.map((cell) => cell ?? '');
  const span = { tables, since, upto, afterId, lastId: null };
  return { sealed, span, ids: ticked.ids, isTicked: ticked.isRecent };
}

/** The next interval begins behind a tick. */
async function pendingOf(session: Session, names: CaptureNames, lease: Lease): Promise<Pending> {
  const found = await lookAt(session, names, lease);
  if (found.isTicked) return found;
  await session.query('ROLLBACK');
  await tick(session, names);
  return lookAt(session, names, lease);
}

/**
 * What lets nobody but the holder of the lease seal, and him only from where he found the lane: the lane's row is as of no later claim,
 * and a claim of his number, which another one of his sealed, is a second one.
 */
const asFound = ({ transfer, lane, epoch }: Lease, { sealed }: Pending): string =>
  `transfer = ${literal(transfer)} AND lane = ${lane} AND epoch = ${literal(epoch)} AND sealed <= ${literal(sealed)}::bigint`;

/** Writes the claim and commits. The lane goes on in the same interval behind it, or with a new one where it was the last: see lane-state.ts. */
async function writeClaim(
  session: Session,
  names: CaptureNames,
  request: { readonly lease: Lease; readonly found: Pending; readonly claim: CutClaim },
): Promise<number> {
  const { lease, found, claim } = request;
  const { since, upto, afterId } = found.span;
  const values = [
    `${literal(found.sealed)}::bigint + 1`,
    `${literal(since)}::txid_snapshot`,
    `${literal(upto)}::txid_snapshot`,
    `${literal(afterId)}::bigint`,
    `${literal(claim.lastId)}::bigint`,
    claim.events,
    claim.isLast,
  ];
  const { rows } = await session.queryAndCommit(
    `WITH lane AS (SELECT transfer, lane FROM ${names.lanes} WHERE ${asFound(lease, found)} FOR NO KEY UPDATE)
     INSERT INTO ${names.claims} (transfer, lane, claim, since, upto, after_id, last_id, events, is_last)
     SELECT transfer, lane, ${values.join(', ')} FROM lane
     ON CONFLICT DO NOTHING RETURNING claim`,
  );
  const [sealed] = rows[0] ?? [];
  if (typeof sealed !== 'string') throw leaseLost(lease);
  return Number(sealed);
}

/**
 * See ChangeCapture.seal. Pending is what is visible in the new snapshot and not in the one up to which the lane's claims go. That is
 * closed under what happened before: of two changes of a key the later one's transaction began to write when the earlier one's had
 * ended, so a snapshot that sees the later one sees both, and the earlier one has the lower id.
 *
 * One transaction, which writes nothing where nothing is pending; whoever looks has no lock meanwhile, and the number of the lane's last
 * claim tells at the end whether another one sealed. If the commit's answer is lost, the claim may be sealed: the next number
 * that is returned tells.
 */
export async function sealClaim(
  session: Session,
  names: CaptureNames,
  request: { readonly lease: Lease; readonly limits: ClaimLimits },
): Promise<number | null> {
  const { lease, limits } = request;
  const found = await pendingOf(session, names, lease);
  const { span, ids } = found;
  const claim = await cutClaim(session, names, { span, limits });
  if (claim) return writeClaim(session, names, { lease, found, claim });
  if (ids - BigInt(span.afterId) > IDLE_IDS)
    await session.query(
      `UPDATE ${names.lanes} SET sealed = ${literal(found.sealed)}::bigint, since = ${literal(span.upto)}::txid_snapshot, upto = NULL, after_id = 0
       WHERE ${asFound(lease, found)}`,
    );
  await session.query('COMMIT');
  return null;
}
