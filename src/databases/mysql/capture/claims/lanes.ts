import { addBacklogs, MOST_COUNTED, NO_BACKLOG } from '../../../../engine/capture/backlogs.ts';
import { decodeRuns, encodeRuns, type Run, type Runs, unite } from '../../../../engine/capture/id-runs.ts';
import { leaseLost, resyncRequired, snapshotTooOld } from '../../../../engine/capture/lane-errors.ts';
import { decodeNumbers, encodeNumbers } from '../../../../engine/capture/lane-tables.ts';
import { drawEpoch } from '../../../../engine/driver/epoch.ts';
import type { Backlog, ChangeLane, LaneTables, Lease } from '../../../../engine/ports/change-capture.ts';
import type { Session } from '../../connections/session.ts';
import { literal } from '../../sql/names.ts';
import { renderFraction } from '../../types/render-text.ts';
import { type CaptureNames, renderLane } from '../capture-tables.ts';
import { forgetLoads } from '../loads/stored-load.ts';
import { decodeLooked, encodeLooked, type Looked, renderRunsAhead } from './gaps.ts';
import { chunksOf, renderIds } from './render-runs.ts';
import { ONE_SNAPSHOT } from './seal-claim.ts';

/** All that is there is no concern of a lane that begins now; what is not there and may still come is a gap. */
async function lookFirst(session: Session, names: CaptureNames): Promise<Looked> {
  const { rows } = await session.query(`SELECT MIN(id), MAX(id) FROM ${names.events}`);
  const [lowest, highest] = (rows[0] ?? []).map((id) => BigInt(id ?? 0));
  if (!lowest || !highest) return { seen: 0n, gaps: [] };
  const between = await session.query(
    `SELECT id + 1, next_id - 1 FROM (SELECT id, LEAD(id) OVER (ORDER BY id) AS next_id FROM ${names.events}) AS pairs WHERE next_id > id + 1 ORDER BY id`,
  );
  const missing: Run[] = between.rows.map(([from, to]) => ({ from: BigInt(from ?? 0), to: BigInt(to ?? 0) }));
  const before: Runs = lowest > 1n ? [{ from: 1n, to: lowest - 1n }] : [];
  const runs = unite(before, missing);
  return { seen: highest, gaps: runs.length > 0 ? [{ runs, open: null, since: Date.now() / 1_000 }] : [] };
}

/**
 * See ChangeCapture.register. All lanes that are new begin at one snapshot of the transaction: pending is what commits after it, be it
 * written before.
 * @throws SluiceError capture.resync_required for other tables in a lane that stands: its claims mean the ones that it has
 */
export async function registerLanes(
  session: Session,
  names: CaptureNames,
  { transfer, lanes }: { readonly transfer: string; readonly lanes: readonly LaneTables[] },
): Promise<void> {
  const standing = await session.query(
    `SELECT lane, table_numbers FROM ${names.lanes} WHERE transfer = ${literal(transfer)}`,
  );
  const known = new Map(standing.rows.map(([lane, tables]) => [Number(lane), tables]));
  const fresh = lanes.filter(({ lane }) => !known.has(lane));
  for (const { lane, tables } of lanes) {
    if (known.has(lane) && known.get(lane) !== encodeNumbers(tables))
      throw resyncRequired({ transfer, lane }, 'it was registered with other tables');
  }
  if (fresh.length === 0) return;
  const looked = literal(encodeLooked(await lookFirst(session, names)));
  for (const { lane, tables } of fresh) {
    await session.query(
      `INSERT INTO ${names.lanes} (transfer, lane, table_numbers, looked) VALUES (${literal(transfer)}, ${lane}, ${literal(encodeNumbers(tables))}, ${looked})`,
    );
  }
}

/** How a lane stands in a snapshot, and how it would if it began there. */
export interface LaneBegin {
  /** Null: it was not registered then. */
  readonly stood: string | null;
  readonly looked: Looked;
}

const STANDING = "CONCAT(sealed, ' ', looked)";

/** To be asked in the snapshot. */
export async function lookAtSnapshot(
  session: Session,
  names: CaptureNames,
  lane: ChangeLane,
): Promise<LaneBegin> {
  const stood = await session.cell(`SELECT ${STANDING} FROM ${names.lanes} WHERE ${renderLane(lane)}`);
  return { stood: stood ?? null, looked: await lookFirst(session, names) };
}

/** The same events were seen. */
const isSameLook = (one: Looked, other: Looked): boolean =>
  encodeRuns(renderRunsAhead(one)) === encodeRuns(renderRunsAhead(other));

/** See ChangeCapture.beginAt. */
export async function beginLane(
  session: Session,
  names: CaptureNames,
  { lane, begin }: { readonly lane: ChangeLane; readonly begin: LaneBegin },
): Promise<boolean> {
  const { rows } = await session.query(
    `SELECT sealed, looked, ${STANDING} FROM ${names.lanes} WHERE ${renderLane(lane)} FOR UPDATE`,
  );
  const [sealed, looked, standing] = rows[0] ?? [];
  if (standing === undefined || standing === null) throw resyncRequired(lane, 'it is not registered');
  // What came between them may be freed by now.
  if (begin.stood !== standing && !isSameLook(decodeLooked(looked ?? ''), begin.looked))
    throw snapshotTooOld(lane);
  await session.query(
    `UPDATE ${names.lanes} SET epoch = ${literal(drawEpoch())}, looked = ${literal(encodeLooked(begin.looked))} WHERE ${renderLane(lane)}`,
  );
  await session.query(
    `UPDATE ${names.claims} SET events = 0, runs = '' WHERE ${renderLane(lane)} AND confirmed_at IS NULL`,
  );
  return sealed !== '0';
}

/** See ChangeCapture.lanes. */
export async function standingLanes(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<readonly LaneTables[]> {
  const { rows } = await session.query(
    `SELECT lane, table_numbers FROM ${names.lanes} WHERE transfer = ${literal(transfer)} ORDER BY lane`,
  );
  return rows.map(([lane, tables]) => ({ lane: Number(lane), tables: decodeNumbers(tables) }));
}

/** Its claims go with it, and what nobody else needs is swept away by the next housekeeping. */
export async function unregisterLanes(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<void> {
  await session.query(`DELETE FROM ${names.lanes} WHERE transfer = ${literal(transfer)}`);
  await forgetLoads(session, names, transfer);
  await session.query(`UPDATE ${names.installation} SET left_behind = left_behind + 1`);
}

export async function leaseLane(session: Session, names: CaptureNames, lane: ChangeLane): Promise<Lease> {
  const epoch = drawEpoch();
  const { count } = await session.query(
    `UPDATE ${names.lanes} SET epoch = ${literal(epoch)} WHERE ${renderLane(lane)}`,
  );
  if (count === 0) throw resyncRequired(lane, 'it is not registered');
  const { rows } = await session.query(
    `SELECT sealed, confirmed FROM ${names.lanes} WHERE ${renderLane(lane)}`,
  );
  const [sealed, confirmed] = rows[0] ?? [];
  return {
    transfer: lane.transfer,
    lane: lane.lane,
    epoch,
    sealed: Number(sealed),
    confirmed: Number(confirmed),
  };
}

/**
 * See ChangeCapture.confirm. Claims stay, to be read by a target that was restored from a backup, until housekeeping finds them
 * confirmed for as long as they are retained.
 * @returns whether the lane went on
 */
export async function confirmClaim(
  session: Session,
  names: CaptureNames,
  { lease, claim }: { readonly lease: Lease; readonly claim: number },
): Promise<boolean> {
  const { rows } = await session.query(
    `SELECT epoch, sealed, confirmed FROM ${names.lanes} WHERE ${renderLane(lease)} FOR UPDATE`,
  );
  const [epoch, sealed, confirmed] = rows[0] ?? [];
  if (epoch !== lease.epoch) throw leaseLost(lease);
  if (claim > Number(sealed))
    throw resyncRequired(lease, `claim ${claim} is not sealed, the last one is ${sealed}`);
  if (claim <= Number(confirmed)) return false;
  await session.query(`UPDATE ${names.lanes} SET confirmed = ${claim} WHERE ${renderLane(lease)}`);
  await session.query(
    `UPDATE ${names.claims} SET confirmed_at = UTC_TIMESTAMP(6) WHERE ${renderLane(lease)} AND claim > ${confirmed} AND claim <= ${claim}`,
  );
  return true;
}

async function pendingOf(
  session: Session,
  names: CaptureNames,
  { tables, runs }: { readonly tables: string; readonly runs: Runs },
): Promise<Backlog> {
  let pending = NO_BACKLOG;
  for (const chunk of chunksOf(runs)) {
    const of = `${names.events} WHERE ${renderIds(chunk)} AND table_number IN (${tables})`;
    const { rows } = await session.query(
      `SELECT COUNT(*), CONCAT(${renderFraction('MIN(recorded_at)', 6)}, '+00') FROM (SELECT recorded_at FROM ${of} ORDER BY id LIMIT ${MOST_COUNTED}) AS pending`,
    );
    const [count, oldestAt = null] = rows[0] ?? [];
    pending = addBacklogs([pending, { events: Number(count), oldestAt }]);
    if (Number(count) === MOST_COUNTED) {
      const last = await session.cell(`SELECT MAX(id) FROM ${names.events}`);
      const distance = Number(BigInt(last ?? 0) - (runs[0]?.from ?? 0n));
      return { ...pending, events: Math.max(pending.events, distance) };
    }
  }
  return pending;
}

/** What waits in each lane of a transfer. In one snapshot. */
export async function readBacklogs(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<ReadonlyMap<number, Backlog>> {
  const { rows: lanes } = await session.query(
    `SELECT lane, table_numbers, looked FROM ${names.lanes} WHERE transfer = ${literal(transfer)}`,
  );
  const claims = await session.query(
    `SELECT lane, runs FROM ${names.claims} WHERE transfer = ${literal(transfer)} AND confirmed_at IS NULL`,
  );
  const found = new Map<number, Backlog>();
  for (const [lane, tables, looked] of lanes) {
    const sealed = claims.rows.filter(([of]) => of === lane).map(([, runs]) => decodeRuns(runs ?? ''));
    const runs = unite(...sealed, renderRunsAhead(decodeLooked(looked ?? '')));
    found.set(Number(lane), tables ? await pendingOf(session, names, { tables, runs }) : NO_BACKLOG);
  }
  return found;
}

/** See ChangeCapture.backlog. In one snapshot. */
export const readBacklog = async (
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<Backlog> => addBacklogs((await readBacklogs(session, names, transfer)).values());

/** Work in one snapshot of a session. */
export async function inSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query(ONE_SNAPSHOT);
  await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
  const result = await work();
  await session.query('COMMIT');
  return result;
}
