import { snapshotTooOld } from '../../../engine/capture/lane-errors.ts';
import { drawEpoch } from '../../../engine/driver/epoch.ts';
import type { ChangeLane } from '../../../engine/ports/change-capture.ts';
import { sessionOn, writing } from '../connections/session.ts';
import { scanSnapshot } from '../connections/snapshot.ts';
import { captureTables } from './capture-tables.ts';
import { highestId, laneKey, readLane } from './lanes.ts';
import type { CaptureFile } from './trigger-manager.ts';

/** The last id of which a copy of the file has all up to it. */
async function lastIdIn({ pool, prefix }: CaptureFile, copy: string, signal: AbortSignal): Promise<bigint> {
  const lease = await scanSnapshot(pool, copy, signal);
  try {
    return await highestId(sessionOn(lease.thread, signal), prefix);
  } finally {
    lease.release();
  }
}

/** See ChangeCapture.beginAt. A claim is a run of ids: it begins behind the last one that the copy has. */
export async function beginLane(
  file: CaptureFile,
  lane: ChangeLane,
  { snapshot, signal }: { readonly snapshot: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const { pool, prefix } = file;
  const { lanes, claims } = captureTables(prefix);
  const last = await lastIdIn(file, snapshot, signal);
  return writing(pool, signal, async (session) => {
    const { sealed, sealedId } = await readLane(session, prefix, lane);
    // What came between them may be freed by now.
    if (last < sealedId) throw snapshotTooOld(lane);
    await session.run(`UPDATE ${lanes} SET epoch = ?, sealed_id = ? WHERE transfer = ? AND lane = ?`, [
      drawEpoch(),
      last,
      ...laneKey(lane),
    ]);
    await session.run(
      `UPDATE ${claims} SET events = 0, last_id = after_id WHERE transfer = ? AND lane = ? AND confirmed_at IS NULL`,
      laneKey(lane),
    );
    return sealed > 0n;
  });
}
