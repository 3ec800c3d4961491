import { leaseLost, resyncRequired } from '../../../../engine/capture/lane-errors.ts';
import { drawEpoch } from '../../../../engine/driver/epoch.ts';
import { decodeLooked, encodeLooked, type Looked } from '../../../../engine/capture/id-gaps.ts';
import type { Run } from '../../../../engine/capture/id-runs.ts';
import { decodeNumbers, encodeNumbers } from '../../../../engine/capture/lane-tables.ts';
import type { ChangeLane, LaneTables, Lease } from '../../../../engine/ports/change-capture.ts';
import { COMMIT } from '../../connections/pool.ts';
import type { Cells, Session } from '../../connections/session.ts';
import type { Binds } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';
import { hasParking } from '../installation.ts';
import {
  renderConfirmClaims,
  renderConfirmLane,
  renderDeleteLanes,
  renderFirstLook,
  renderInsertLane,
  renderLane,
  renderLanes,
  renderLeaveBehind,
  renderLockLane,
  renderTakeLane,
} from '../sql/claims-sql.ts';
import { renderForgetLoads } from '../sql/loads-sql.ts';

export const laneBinds = ({ transfer, lane }: ChangeLane): Binds => ({ transfer, lane: String(lane) });

/** A lane as it stands. */
export interface StandingLane {
  readonly lane: number;
  readonly epoch: string;
  readonly sealed: number;
  readonly confirmed: number;
  /** Its tables by their numbers: `1,2,5` */
  readonly numbers: string;
  readonly looked: Looked;
}

export const laneOf = ([epoch, sealed, confirmed, numbers, looked, lane]: Cells): StandingLane => ({
  lane: Number(lane),
  epoch: epoch ?? '',
  sealed: Number(sealed),
  confirmed: Number(confirmed),
  numbers: numbers ?? '',
  looked: decodeLooked(looked ?? ''),
});

/** Locks the lane's row. @throws SluiceError capture.lease_lost */
export async function lockLane(session: Session, names: CaptureNames, lease: Lease): Promise<StandingLane> {
  const { rows } = await session.query(renderLockLane(names), laneBinds(lease));
  const lane = rows[0] && laneOf(rows[0]);
  if (lane?.epoch !== lease.epoch) throw leaseLost(lease);
  return lane;
}

/** All that is there is no concern of a lane that begins now; what is not there and may still come is a gap. */
async function lookFirst(session: Session, names: CaptureNames): Promise<Looked> {
  const { rows } = await session.query(renderFirstLook(names));
  let seen = 0n;
  const runs: Run[] = [];
  for (const [from, to] of rows) {
    if (from === null || from === undefined) seen = BigInt(to ?? 0);
    else runs.push({ from: BigInt(from), to: BigInt(to ?? 0) });
  }
  runs.sort((a, b) => (a.from < b.from ? -1 : 1));
  return { seen, gaps: runs.length > 0 ? [{ runs, open: null }] : [] };
}

export async function standingLanes(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<readonly LaneTables[]> {
  const { rows } = await session.query(renderLanes(names), { transfer });
  return rows.map(laneOf).map(({ lane, numbers }) => ({ lane, tables: decodeNumbers(numbers) }));
}

/**
 * See ChangeCapture.register. All lanes that are new begin at the moment of one statement: pending is what commits after it, be it
 * written before. Commits.
 * @throws SluiceError capture.resync_required for other tables in a lane that stands: its claims mean the ones that it has
 */
export async function registerLanes(
  session: Session,
  names: CaptureNames,
  { transfer, lanes }: { readonly transfer: string; readonly lanes: readonly LaneTables[] },
): Promise<void> {
  const standing = await standingLanes(session, names, transfer);
  const known = new Map(standing.map(({ lane, tables }) => [lane, encodeNumbers(tables)]));
  for (const { lane, tables } of lanes) {
    if (known.has(lane) && known.get(lane) !== encodeNumbers(tables))
      throw resyncRequired({ transfer, lane }, 'it was registered with other tables');
  }
  const fresh = lanes.filter(({ lane }) => !known.has(lane));
  if (fresh.length === 0) return;
  const looked = encodeLooked(await lookFirst(session, names));
  for (const { lane, tables } of fresh) {
    const numbers = encodeNumbers(tables);
    await session.query(renderInsertLane(names), { ...laneBinds({ transfer, lane }), numbers, looked });
  }
  await session.query(COMMIT);
}

/** Its claims go with it, and what nobody else needs is swept away by the next housekeeping. */
export async function unregisterLanes(
  session: Session,
  names: CaptureNames,
  transfer: string,
): Promise<void> {
  await session.query(renderDeleteLanes(names), { transfer });
  if (await hasParking(session, names)) await session.query(renderForgetLoads(names), { transfer });
  await session.query(renderLeaveBehind(names));
}

export async function leaseLane(session: Session, names: CaptureNames, lane: ChangeLane): Promise<Lease> {
  const epoch = drawEpoch();
  const { count } = await session.query(renderTakeLane(names), { ...laneBinds(lane), epoch });
  if (count === 0) throw resyncRequired(lane, 'it is not registered');
  const { rows } = await session.query(renderLane(names), laneBinds(lane));
  const { sealed, confirmed } = laneOf(rows[0] ?? []);
  return { transfer: lane.transfer, lane: lane.lane, epoch, sealed, confirmed };
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
  const { sealed, confirmed } = await lockLane(session, names, lease);
  if (claim > sealed) throw resyncRequired(lease, `claim ${claim} is not sealed, the last one is ${sealed}`);
  if (claim <= confirmed) return false;
  const binds = { ...laneBinds(lease), claim: String(claim) };
  await session.query(renderConfirmLane(names), binds);
  await session.query(renderConfirmClaims(names), { ...binds, confirmed: String(confirmed) });
  return true;
}
