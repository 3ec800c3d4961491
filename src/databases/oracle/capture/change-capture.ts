import { housekeepCounts } from '../../../engine/capture/parking/compact-counts.ts';
import {
  confirmAndSettle,
  createEventParking,
} from '../../../engine/capture/parking/create-event-parking.ts';
import type { ChangeCapture } from '../../../engine/ports/change-capture.ts';
import type { CountsKept } from '../../../model/capture-spec.ts';
import type { Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import { renderEndOfIds } from './sql/claims-sql.ts';
import { inCapture } from './capture-errors.ts';
import type { CaptureNames } from './capture-names.ts';
import { readBacklog } from './claims/backlog.ts';
import { housekeep } from './claims/housekeeping.ts';
import { keepingLock } from './claims/keeping-lock.ts';
import { leaseLane, registerLanes, standingLanes, unregisterLanes } from './claims/lanes.ts';
import { createTransactionWatch } from './claims/open-transactions.ts';
import { readClaim } from './claims/read-claim.ts';
import { sealClaim } from './claims/seal-claim.ts';
import { demandCurrent } from './installation.ts';
import { createParkingSource } from './parking/parking-source.ts';

/**
 * Claims of events in Oracle. Events are read without locks and never changed; a claim is the ids that were seen, as runs without a gap
 * (src/engine/capture/id-gaps.ts). Whatever is written is one transaction.
 */
export function createChangeCapture(pool: Pool, names: CaptureNames, kept: CountsKept): ChangeCapture {
  const context = inCapture(names);
  const watch = createTransactionWatch();
  const parking = createParkingSource(pool, names);
  const run = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context);
  const transaction = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.transaction(work, signal, context);
  return {
    // Under a lock of the server: two who register the same at once begin at the same moment, and no partition is dropped meanwhile.
    register: (transfer, lanes, signal) =>
      pool.locked(
        keepingLock(names),
        async (session) => {
          await demandCurrent(session, names);
          await registerLanes(session, names, { transfer, lanes });
        },
        signal,
        context,
      ),
    lanes: (transfer, signal) => run(signal, (session) => standingLanes(session, names, transfer)),
    unregister: (transfer, signal) =>
      transaction(signal, (session) => unregisterLanes(session, names, transfer)),
    lease: (lane, signal) =>
      transaction(signal, async (session) => {
        await demandCurrent(session, names);
        return leaseLane(session, names, lane);
      }),
    seal: (lease, limits, signal) =>
      run(signal, (session) => sealClaim(session, names, watch, { lease, limits })),
    read: (lease, request, signal) => readClaim(pool, names, { lease, request }, signal),
    confirm: confirmAndSettle(parking),
    housekeep: housekeepCounts(parking, kept, ({ retentionMs }, signal) =>
      housekeep(pool, names, retentionMs, signal),
    ),
    backlog: (transfer, signal) => run(signal, (session) => readBacklog(session, names, transfer)),
    lastEvent: (signal) =>
      run(signal, async (session) => {
        const { text, binds } = renderEndOfIds(names);
        return (await session.cell(text, binds)) ?? '0';
      }),
    parking: createEventParking(parking),
  };
}
