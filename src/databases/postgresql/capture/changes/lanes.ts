import { leaseLost, resyncRequired, snapshotTooOld } from '../../../../engine/capture/lane-errors.ts';
import { drawEpoch } from '../../../../engine/driver/epoch.ts';
import type { ChangeLane, LaneTables, Lease } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../pool.ts';
import { literal } from '../../sql.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { forgetLoads } from '../loads/stored-load.ts';
import { lockLane, renderLanes } from './lane-state.ts';

/** Held by who registers a lane, and by who frees events: none of what a new lane begins with is freed before the lane is seen. */
export const freeingLock = (names: CaptureNames): string =>
  `hashtextextended(${literal(`sluice freeing ${names.schema}`)}, 0)`;

const arrayOf = (numbers: readonly number[]): string =>
  `{${[...new Set(numbers)].sort((a, b) => a - b).join(',')}}`;

/**
 * See ChangeCapture.register. All lanes that are new begin at one snapshot: pending is what commits after it, be it written before.
 * @throws SluiceError capture.resync_required for other tables in a lane that stands: its claims mean the ones that it has
 */
export async function registerLanes(
  session: Session,
  names: CaptureNames,
  request: { readonly transfer: string; readonly lanes: readonly LaneTables[] },
): Promise<void> {
  const { transfer, lanes } = request;
  await session.query(`SELECT pg_advisory_xact_lock(${freeingLock(names)})`);
  const since = await session.cell('SELECT txid_current_snapshot()'); // a statement after the wait for the lock
  for (const { lane, tables } of lanes) {
    const numbers = arrayOf(tables);
    await session.query(
      `INSERT INTO ${names.lanes} (transfer, lane, table_numbers, since) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [transfer, lane, numbers, since],
    );
    const standing = await session.cell(
      `SELECT table_numbers FROM ${names.lanes} WHERE transfer = $1 AND lane = $2`,
      [transfer, lane],
    );
    if (standing !== numbers) throw resyncRequired({ transfer, lane }, 'it was registered with other tables');
  }
}

/** See ChangeCapture.lanes. */
export async function standingLanes(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<readonly LaneTables[]> {
  const { rows } = await session.query(
    `SELECT lane, array_to_string(table_numbers, ',') FROM ${names.lanes} WHERE transfer = $1 ORDER BY lane`,
    [transfer],
  );
  return rows.map(([lane, tables]) => ({
    lane: Number(lane),
    tables: tables ? tables.split(',').map(Number) : [],
  }));
}

/** Whether all that is visible in the one snapshot is in the other. @param one, other  SQL of snapshots */
const renderIsBefore = (one: string, other: string): string =>
  `txid_snapshot_xmax(${one}) <= txid_snapshot_xmax(${other}) AND NOT EXISTS (SELECT FROM txid_snapshot_xip(${other}) AS x WHERE txid_visible_in_snapshot(x, ${one}))`;

/**
 * See ChangeCapture.beginAt. A lane without claims stands where its row says; else one more, which is empty and the last of its interval, says
 * where it stands (lane-state.ts).
 * @param since  the snapshot, as text
 */
export async function beginLane(
  session: Session,
  names: CaptureNames,
  { lane, since }: { readonly lane: ChangeLane; readonly since: string },
): Promise<boolean> {
  const standing = await lockLane(session, names, lane);
  if (!standing) throw resyncRequired(lane, 'it is not registered');
  const { sealed } = standing;
  const key = [lane.transfer, lane.lane];
  const isBefore = await session.cell(
    `SELECT ${renderIsBefore('coalesce(l.upto, l.since)', '$3::txid_snapshot')} FROM ${renderLanes(names)} AS l WHERE transfer = $1 AND lane = $2`,
    [...key, since],
  );
  // What came between them may be freed by now.
  if (isBefore !== 't') throw snapshotTooOld(lane);
  await session.query(
    `UPDATE ${names.lanes} SET epoch = $3${sealed === 0 ? ', since = $4, upto = NULL, after_id = 0' : ''} WHERE transfer = $1 AND lane = $2`,
    [...key, drawEpoch(), ...(sealed === 0 ? [since] : [])],
  );
  if (sealed === 0) return false;
  await session.query(
    `UPDATE ${names.claims} SET events = 0 WHERE transfer = $1 AND lane = $2 AND confirmed_at IS NULL`,
    key,
  );
  await session.query(
    `INSERT INTO ${names.claims} (transfer, lane, claim, since, upto, after_id, last_id, events, is_last) VALUES ($1, $2, $3, $4, $4, 0, 0, 0, true)`,
    [...key, sealed + 1, since],
  );
  return true;
}

/** Its claims go with it. */
export async function unregisterLanes(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<void> {
  await session.query(`DELETE FROM ${names.lanes} WHERE transfer = $1`, [transfer]);
  await forgetLoads(session, names, transfer);
}

export async function leaseLane(
  session: Session,
  names: CaptureNames,
  { transfer, lane }: ChangeLane,
): Promise<Lease> {
  const epoch = drawEpoch();
  const { count } = await session.query(
    `UPDATE ${names.lanes} SET epoch = $3 WHERE transfer = $1 AND lane = $2`,
    [transfer, lane, epoch],
  );
  // Behind whoever was sealing: he held the lane's lock.
  const standing = count === 0 ? null : await lockLane(session, names, { transfer, lane });
  if (!standing) throw resyncRequired({ transfer, lane }, 'it is not registered');
  return { transfer, lane, ...standing };
}

/**
 * See ChangeCapture.confirm. Claims stay, to be read by a target that was restored from a backup, until housekeeping finds them
 * confirmed for as long as they are retained.
 * @returns whether the lane went on
 */
export async function confirmClaim(
  session: Session,
  names: CaptureNames,
  request: { readonly lease: Lease; readonly claim: number },
): Promise<boolean> {
  const { lease, claim } = request;
  const standing = await lockLane(session, names, lease);
  if (standing?.epoch !== lease.epoch) throw leaseLost(lease);
  const { sealed, confirmed } = standing;
  if (claim > sealed) throw resyncRequired(lease, `claim ${claim} is not sealed, the last one is ${sealed}`);
  if (claim <= confirmed) return false;
  await session.query(
    `UPDATE ${names.claims} SET confirmed_at = clock_timestamp() WHERE transfer = $1 AND lane = $2 AND claim > $3 AND claim <= $4`,
    [lease.transfer, lease.lane, confirmed, claim],
  );
  return true;
}
