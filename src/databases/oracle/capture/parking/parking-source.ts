import { copyStaged, type Staging } from '../../../../engine/capture/parking/copy-staged.ts';
import type { ParkingSource } from '../../../../engine/capture/parking/create-event-parking.ts';
import type { Lease } from '../../../../engine/ports/change-capture.ts';
import type { Pool } from '../../connections/pool.ts';
import { inCapture } from '../capture-errors.ts';
import type { CaptureNames } from '../capture-names.ts';
import { confirmClaim, laneBinds, lockLane } from '../claims/lanes.ts';
import { hasParking } from '../installation.ts';
import { renderInsertEmptyClaim, renderSealed, STAGED_PAYLOAD } from '../sql/parking-sql.ts';
import { type ParkingSession, plain } from './plain-session.ts';

/** A claim without an id of the staging table: it frees none, and none is missed of it. */
async function writeClaim(
  { session }: ParkingSession,
  names: CaptureNames,
  { lease, claim }: { readonly lease: Lease; readonly claim: number },
): Promise<void> {
  const binds = { ...laneBinds(lease), claim: String(claim) };
  await session.query(renderInsertEmptyClaim(names), binds);
  await session.query(renderSealed(names), binds);
}

/** What is set apart of lanes, in Oracle. */
export function createParkingSource(pool: Pool, names: CaptureNames): ParkingSource<ParkingSession> {
  const context = inCapture(names);
  const staging: Staging = { events: `${names.events} E`, payload: STAGED_PAYLOAD, bytes: 'E.BYTES' };
  return {
    tables: names.parking,
    reading: (signal, work) => pool.use((session) => work(plain(session)), signal, context),
    transaction: (signal, work) => pool.transaction((session) => work(plain(session)), signal, context),
    isReady: ({ session }) => hasParking(session, names),
    lockLane: ({ session }, lease) => lockLane(session, names, lease),
    store: (session, request) => copyStaged(session, names.parking, request, staging),
    writeClaim: (session, lease, claim) => writeClaim(session, names, { lease, claim }),
    confirm: ({ session }, lease, claim) => confirmClaim(session, names, { lease, claim }),
  };
}
