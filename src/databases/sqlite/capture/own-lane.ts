import type { ChangeLane, Lease } from '../../../engine/ports/change-capture.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Session } from '../connections/session.ts';
import { captureTables } from './capture-tables.ts';
import { highestId, laneKey, readLanes, type StoredLane } from './lanes.ts';

export const leaseLost = ({ transfer, lane }: ChangeLane): SluiceError =>
  new SluiceError('capture.lease_lost', `lane ${lane} of ${transfer} has another owner`);

export const claimGone = ({ transfer, lane }: ChangeLane, claim: number): SluiceError =>
  new SluiceError('capture.resync_required', `claim ${claim} of lane ${lane} of ${transfer} is gone`);

/** @throws SluiceError capture.lease_lost, capture.resync_required for ids that were given before the file was restored */
export async function ownLane(session: Session, prefix: string, lease: Lease): Promise<StoredLane> {
  const lanes = await readLanes(session, prefix, lease.transfer);
  const lane = lanes.find((each) => each.lane === lease.lane);
  if (lane === undefined || lane.epoch !== lease.epoch) throw leaseLost(lease);
  if ((await highestId(session, prefix)) >= lane.sealedId) return lane;
  throw new SluiceError(
    'capture.resync_required',
    'the captured events are older than what was read of them',
  );
}

/** @returns whether the lane went on */
export async function confirmClaim(
  session: Session,
  prefix: string,
  { lease, claim }: { readonly lease: Lease; readonly claim: number },
): Promise<boolean> {
  const { claims, lanes } = captureTables(prefix);
  const lane = await ownLane(session, prefix, lease);
  if (BigInt(claim) > lane.sealed) throw claimGone(lease, claim);
  if (BigInt(claim) <= lane.confirmed) return false;
  await session.run(
    `UPDATE ${claims} SET confirmed_at = ? WHERE transfer = ? AND lane = ? AND claim <= ? AND confirmed_at IS NULL`,
    [new Date().toISOString(), ...laneKey(lane), BigInt(claim)],
  );
  const key = laneKey(lane);
  await session.run(
    `UPDATE ${lanes} SET confirmed = ?, confirmed_id = (SELECT last_id FROM ${claims} WHERE transfer = ? AND lane = ? AND claim = ?) WHERE transfer = ? AND lane = ?`,
    [BigInt(claim), ...key, BigInt(claim), ...key],
  );
  return true;
}
