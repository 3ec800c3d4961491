import {
  confirmAndSettle,
  createEventParking,
} from '../../../../engine/capture/parking/create-event-parking.ts';
import { housekeepCounts } from '../../../../engine/capture/parking/compact-counts.ts';
import type { ChangeCapture } from '../../../../engine/ports/change-capture.ts';
import { type CapturePlace, countsKeptOf } from '../../../../model/capture-spec.ts';
import type { Pool, Session } from '../../pool.ts';
import { beginInSnapshot } from '../../reader.ts';
import { demandCurrent, inCapture } from './capture-errors.ts';
import { captureNames } from '../capture-tables.ts';
import { createParkingSource } from '../parking/parking-source.ts';
import { estimateBacklog } from './estimate-backlog.ts';
import { housekeep } from './housekeep.ts';
import { beginLane, leaseLane, registerLanes, standingLanes, unregisterLanes } from './lanes.ts';
import { readClaim } from './read-claim.ts';
import { sealClaim } from './seal-claim.ts';
import { tick } from './ticks.ts';

/** Events that triggers of ours wrote, by what two snapshots of the server tell of their transactions. PostgreSQL 11 and later. */
export function createChangeCapture(pool: Pool, place: CapturePlace): ChangeCapture {
  const names = captureNames(place);
  const parking = createParkingSource(pool, place);
  const use = async <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> => {
    try {
      return await pool.use(work, signal, { side: 'source' });
    } catch (error) {
      throw inCapture(error, names.schema);
    }
  };
  const inTransaction = <T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> =>
    use(signal, async (session) => {
      await session.query('BEGIN; SET LOCAL synchronous_commit = on');
      const result = await work(session);
      await session.query('COMMIT');
      return result;
    });
  return {
    register: async (transfer, lanes, signal) => {
      await use(signal, (session) => demandCurrent(session, names));
      await use(signal, (session) => tick(session, names)); // committed before the snapshot that the lanes begin at
      await inTransaction(signal, (session) => registerLanes(session, names, { transfer, lanes }));
    },
    lanes: (transfer, signal) => use(signal, (session) => standingLanes(session, names, transfer)),
    unregister: (transfer, signal) =>
      inTransaction(signal, (session) => unregisterLanes(session, names, transfer)),
    beginAt: async (lane, snapshot, signal) => {
      const since = await use(signal, async (session) => {
        await beginInSnapshot(session, snapshot, 'SET LOCAL search_path = pg_catalog');
        const text = (await session.cell('SELECT txid_current_snapshot()')) ?? '';
        await session.query('COMMIT');
        return text;
      });
      return inTransaction(signal, (session) => beginLane(session, names, { lane, since }));
    },
    lease: (lane, signal) =>
      inTransaction(signal, async (session) => {
        await demandCurrent(session, names);
        return leaseLane(session, names, lane);
      }),
    seal: (lease, limits, signal) => use(signal, (session) => sealClaim(session, names, { lease, limits })),
    read: (lease, request, signal) => readClaim(pool, names, { lease, request }, signal),
    confirm: confirmAndSettle(parking),
    housekeep: housekeepCounts(parking, countsKeptOf(place), ({ retentionMs }, signal) =>
      use(signal, (session) => housekeep(session, place, { retentionMs })),
    ),
    now: (signal) => use(signal, async (session) => (await session.cell('SELECT clock_timestamp()')) ?? ''),
    backlog: (transfer, signal) => use(signal, (session) => estimateBacklog(session, names, transfer)),
    lastEvent: (signal) =>
      use(
        signal,
        async (session) =>
          (await session.cell(`SELECT last_value - (NOT is_called)::integer FROM ${names.ids}`)) ?? '0',
      ),
    parking: createEventParking(parking),
  };
}
