import { leaseLost } from '../../../../engine/capture/lane-errors.ts';
import type { ClaimLimits, Lease } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../pool.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { type CutClaim, cutClaim } from './cut-claim.ts';
import { renderLanes } from './lane-state.ts';
import { ALONG_THE_INDEX, type Span } from './pending-sql.ts';
import { renderIdsBefore, tick, TICK_IDS } from './ticks.ts';

/** After so many ids that are none of an idle lane's it remembers that it looked at them. */
const IDLE_IDS = 4 * TICK_IDS;

/** What a lane has pending, and how it stood when that was found out. */
interface Pending {
  readonly span: Span;
  readonly sealed: string;
}

/**
 * What is pending: of the interval that the last claim did not exhaust, or of a new one up to now. A snapshot that is taken before the
 * rows are read: what is visible in it is committed, and its rows are seen by every later statement.
 */
async function pendingOf(session: Session, names: CaptureNames, lease: Lease): Promise<Pending> {
  const { rows } = await session.query(
    `SELECT l.epoch, l.sealed, l.table_numbers, l.since, coalesce(l.upto, s.now),
       CASE WHEN l.upto IS NULL THEN ${renderIdsBefore(names, 'l.since', 's.now')} ELSE l.after_id END
     FROM ${renderLanes(names)} AS l, (SELECT txid_current_snapshot() AS now) AS s WHERE l.transfer = $1 AND l.lane = $2`,
    [lease.transfer, lease.lane],
  );
  const [epoch, ...cells] = rows[0] ?? [];
  if (epoch !== lease.epoch) throw leaseLost(lease);
  const [sealed = '', tables = '', since = '', upto = '', afterId = ''] = cells.map((cell) => cell ?? '');
  return { sealed, span: { tables, since, upto, afterId, lastId: null } };
}

/**
 * What lets nobody but the holder of the lease seal, and him only from where he found the lane: the lane's row is as of no later claim,
 * and a claim of his number, which another one of his sealed, is a second one.
 */
const AS_FOUND = 'transfer = $1 AND lane = $2 AND epoch = $3 AND sealed <= $4';
const asFound = (lease: Lease, { sealed }: Pending) => [lease.transfer, lease.lane, lease.epoch, sealed];

/** Writes the claim. The lane goes on in the same interval behind it, or with a new one where it was the last: see lane-state.ts. */
async function writeClaim(
  session: Session,
  names: CaptureNames,
  request: { readonly lease: Lease; readonly found: Pending; readonly claim: CutClaim },
): Promise<number> {
  const { lease, found, claim } = request;
  const { since, upto, afterId } = found.span;
  const sealed = await session.cell(
    `WITH lane AS (SELECT transfer, lane FROM ${names.lanes} WHERE ${AS_FOUND} FOR NO KEY UPDATE)
     INSERT INTO ${names.claims} (transfer, lane, claim, since, upto, after_id, last_id, events, is_last)
     SELECT transfer, lane, $4::bigint + 1, $5::txid_snapshot, $6::txid_snapshot, $7::bigint, $8::bigint, $9::integer, $10::boolean FROM lane
     ON CONFLICT DO NOTHING RETURNING claim`,
    [...asFound(lease, found), since, upto, afterId, claim.lastId, claim.events, claim.isLast],
  );
  if (sealed === null) throw leaseLost(lease);
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
  const ids = await tick(session, names); // before the snapshot: the next interval begins behind this tick
  await session.query(`BEGIN; SET LOCAL synchronous_commit = on; ${ALONG_THE_INDEX}`);
  const found = await pendingOf(session, names, lease);
  const claim = await cutClaim(session, names, { span: found.span, limits });
  let sealed: number | null = null;
  if (claim) sealed = await writeClaim(session, names, { lease, found, claim });
  else if (ids - BigInt(found.span.afterId) > IDLE_IDS)
    await session.query(
      `UPDATE ${names.lanes} SET sealed = $4, since = $5::txid_snapshot, upto = NULL, after_id = 0 WHERE ${AS_FOUND}`,
      [...asFound(lease, found), found.span.upto],
    );
  await session.query('COMMIT');
  return sealed;
}
