import type { ChangeLane } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../pool.ts';
import type { CaptureNames } from '../capture-tables.ts';

/**
 * SQL of the lanes as they stand now, in place of their table: what it says of claims is as of the claim `sealed` of it, and each one
 * above tells how the lane stands behind it. So sealing and confirming write claims only, and the row of a lane is written when it
 * is leased and when claims are forgotten: as long as a transaction is open, anywhere in the server, every version of a row stays,
 * and whoever looks for the row passes over them all.
 */
export const renderLanes = (names: CaptureNames): string =>
  `(SELECT l.transfer, l.lane, l.table_numbers, l.epoch, coalesce(n.claim, l.sealed) AS sealed, coalesce(c.claim, l.confirmed) AS confirmed,
      CASE WHEN n.claim IS NULL THEN l.since WHEN n.is_last THEN n.upto ELSE n.since END AS since,
      CASE WHEN n.claim IS NULL THEN l.upto WHEN n.is_last THEN NULL ELSE n.upto END AS upto,
      CASE WHEN n.claim IS NULL THEN l.after_id WHEN n.is_last THEN 0 ELSE n.last_id END AS after_id
    FROM ${names.lanes} AS l
      LEFT JOIN LATERAL (SELECT a.claim, a.since, a.upto, a.last_id, a.is_last FROM ${names.claims} AS a
        WHERE a.transfer = l.transfer AND a.lane = l.lane AND a.claim > l.sealed ORDER BY a.claim DESC LIMIT 1) AS n ON true
      LEFT JOIN LATERAL (SELECT a.claim FROM ${names.claims} AS a
        WHERE a.transfer = l.transfer AND a.lane = l.lane AND a.claim > l.confirmed AND a.confirmed_at IS NOT NULL ORDER BY a.claim DESC LIMIT 1) AS c ON true)`;

export interface LaneClaims {
  readonly epoch: string;
  readonly sealed: number;
  readonly confirmed: number;
}

/**
 * Until the transaction ends nobody else leases the lane, nor seals or confirms a claim of it. Read by a statement behind the one that
 * waited for the lock. Null: there is no such lane.
 */
export async function lockLane(
  session: Session,
  names: CaptureNames,
  { transfer, lane }: ChangeLane,
): Promise<LaneClaims | null> {
  const key = [transfer, lane];
  await session.query(`SELECT FROM ${names.lanes} WHERE transfer = $1 AND lane = $2 FOR NO KEY UPDATE`, key);
  const { rows } = await session.query(
    `SELECT epoch, sealed, confirmed FROM ${renderLanes(names)} AS l WHERE transfer = $1 AND lane = $2`,
    key,
  );
  const [found] = rows;
  if (!found) return null;
  const [epoch, sealed, confirmed] = found;
  return { epoch: epoch ?? '', sealed: Number(sealed), confirmed: Number(confirmed) };
}

/** A claim without an event, behind which the lane stands as it does: for the transaction that holds the lock of the lane. */
export async function writeEmptyClaim(
  session: Session,
  names: CaptureNames,
  { transfer, lane }: ChangeLane,
): Promise<void> {
  await session.query(
    `INSERT INTO ${names.claims} (transfer, lane, claim, since, upto, after_id, last_id, events, is_last)
     SELECT transfer, lane, sealed + 1, since, coalesce(upto, since), after_id, after_id, 0, upto IS NULL
     FROM ${renderLanes(names)} AS l WHERE transfer = $1 AND lane = $2`,
    [transfer, lane],
  );
}

/**
 * Forgets claims that were confirmed for as long as they are retained: their events are needed for them no longer. Before, their
 * lanes are told what they told; a claim that is sealed or confirmed meanwhile stays.
 */
export async function forgetClaims(
  session: Session,
  names: CaptureNames,
  retentionMs: number,
): Promise<void> {
  const expired = `confirmed_at <= clock_timestamp() - ${Math.floor(retentionMs)} * interval '1 millisecond'`;
  const ofLane = 'a.transfer = l.transfer AND a.lane = l.lane';
  await session.query(
    `UPDATE ${names.lanes} AS l SET sealed = s.sealed, confirmed = s.confirmed, since = s.since, upto = s.upto, after_id = s.after_id
     FROM ${renderLanes(names)} AS s WHERE s.transfer = l.transfer AND s.lane = l.lane
       AND EXISTS (SELECT FROM ${names.claims} AS a WHERE ${ofLane} AND a.${expired})`,
  );
  await session.query(
    `DELETE FROM ${names.claims} AS a USING ${names.lanes} AS l WHERE ${ofLane} AND a.claim <= l.confirmed AND a.${expired}`,
  );
}
