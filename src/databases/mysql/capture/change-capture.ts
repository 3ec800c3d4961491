import {
  confirmAndSettle,
  createEventParking,
} from '../../../engine/capture/parking/create-event-parking.ts';
import { housekeepCounts } from '../../../engine/capture/parking/compact-counts.ts';
import type { ChangeCapture } from '../../../engine/ports/change-capture.ts';
import type { CountsKept } from '../../../model/capture-spec.ts';
import { inTransaction, type Pool } from '../connections/pool.ts';
import type { Session } from '../connections/session.ts';
import type { Snapshots } from '../connections/snapshots.ts';
import { renderFraction } from '../types/render-text.ts';
import { demandCurrent, inCapture } from './capture-errors.ts';
import type { CaptureNames } from './capture-tables.ts';
import { housekeep } from './claims/housekeeping.ts';
import {
  beginLane,
  inSnapshot,
  leaseLane,
  lookAtSnapshot,
  readBacklog,
  registerLanes,
  standingLanes,
  unregisterLanes,
} from './claims/lanes.ts';
import { createTransactionWatch } from './claims/open-transactions.ts';
import { readClaim } from './claims/read-claim.ts';
import { ONE_SNAPSHOT, sealClaim } from './claims/seal-claim.ts';
import { createParkingSource } from './parking/parking-source.ts';

/** As canonical timestamptz. */
const NOW = `SELECT CONCAT(${renderFraction('UTC_TIMESTAMP(6)', 6)}, '+00')`;

/**
 * Claims of events in InnoDB. Events are read without locks and never changed; a claim is the ids that were seen, as runs without a gap
 * (claims/gaps.ts). Whatever is written is one transaction.
 */
export function createChangeCapture(
  pool: Pool,
  names: CaptureNames,
  kept: CountsKept,
  snapshots: Pick<Snapshots, 'use'>,
): ChangeCapture {
  const context = inCapture(names);
  const watch = createTransactionWatch();
  const parking = createParkingSource(pool, names);
  const run = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.use(work, signal, context);
  const transaction = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    pool.transaction(work, signal, context);
  return {
    // Under a lock of the server: two who register the same at once begin at the same moment.
    register: (transfer, lanes, signal) =>
      pool.locked(
        `register ${transfer} ${names.lanes}`,
        async (session) => {
          await demandCurrent(session, names);
          await session.query(ONE_SNAPSHOT);
          await inTransaction(session, () => registerLanes(session, names, { transfer, lanes }));
        },
        signal,
        context,
      ),
    lanes: (transfer, signal) => run(signal, (session) => standingLanes(session, names, transfer)),
    unregister: (transfer, signal) =>
      transaction(signal, (session) => unregisterLanes(session, names, transfer)),
    beginAt: async (lane, snapshot, signal) => {
      const begin = await snapshots.use(snapshot, signal, (session) => lookAtSnapshot(session, names, lane));
      return transaction(signal, (session) => beginLane(session, names, { lane, begin }));
    },
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
      run(signal, (session) => housekeep(session, names, retentionMs, signal)),
    ),
    now: (signal) => run(signal, async (session) => (await session.cell(NOW)) ?? ''),
    backlog: (transfer, signal) =>
      run(signal, (session) => inSnapshot(session, () => readBacklog(session, names, transfer))),
    lastEvent: (signal) =>
      run(
        signal,
        async (session) => (await session.cell(`SELECT COALESCE(MAX(id), 0) FROM ${names.events}`)) ?? '0',
      ),
    parking: createEventParking(parking),
  };
}
