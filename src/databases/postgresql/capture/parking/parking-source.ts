import type { ParkingSource } from '../../../../engine/capture/parking/create-event-parking.ts';
import { idsOf, type PlainSession } from '../../../../engine/capture/parking/parked-tables.ts';
import { leaseLost, resyncRequired } from '../../../../engine/capture/lane-errors.ts';
import type { Lease } from '../../../../engine/ports/change-capture.ts';
import type { EventToPark } from '../../../../engine/ports/event-parking.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import type { Pool, Session } from '../../pool.ts';
import { literal } from '../../sql.ts';
import { type CaptureNames, captureNames, PARKING_VERSION } from '../capture-tables.ts';
import { inCapture } from '../changes/capture-errors.ts';
import { lockLane, writeEmptyClaim } from '../changes/lane-state.ts';
import { confirmClaim } from '../changes/lanes.ts';
import { ALONG_THE_INDEX, SIZE } from '../changes/pending-sql.ts';

export interface ParkingSession extends PlainSession {
  readonly session: Session;
}

const plain = (session: Session): ParkingSession => ({
  session,
  rows: async (sql) => (await session.query(sql)).rows,
  run: async (sql) => (await session.query(sql)).count,
});

/** Copies events of the staging table, where they stay as long as their claim: along the index by id. */
async function storeEvents(
  { session }: ParkingSession,
  names: CaptureNames,
  request: {
    readonly lease: Lease;
    readonly claim: number;
    readonly events: readonly EventToPark[];
    readonly nowMs: number;
  },
): Promise<void> {
  const { lease, claim, events, nowMs } = request;
  await session.query(ALONG_THE_INDEX);
  let stored = 0;
  for (const ids of idsOf(events.map(({ event }) => ({ event: event.id })))) {
    const { count } = await session.query(
      `INSERT INTO ${names.parking.parked} (transfer, lane, event_id, table_number, operation, transaction_id, recorded_at, db_user,
         message_key, old_row, new_row, bytes, table_id, row_key, claim, state, attempts, parked_ms, state_ms, error_code, error_message)
       SELECT ${literal(lease.transfer)}, ${lease.lane}, id, table_number, operation, transaction, at, db_user,
         message_key, old, new, ${SIZE}, '', '', ${claim}, 'behind', 0, ${nowMs}, ${nowMs}, '', '' FROM ${names.events} WHERE id IN (${ids})`,
    );
    stored += count;
  }
  if (stored !== events.length)
    throw resyncRequired(lease, `${events.length - stored} events of claim ${claim} are gone`);
}

/** What is set apart of lanes, in PostgreSQL. */
export function createParkingSource(pool: Pool, place: CapturePlace): ParkingSource<ParkingSession> {
  const names = captureNames(place);
  const reading: ParkingSource<ParkingSession>['reading'] = async (signal, work) => {
    try {
      return await pool.use((session) => work(plain(session)), signal, { side: 'source' });
    } catch (error) {
      throw inCapture(error, names.schema);
    }
  };
  return {
    tables: names.parking,
    reading,
    transaction: (signal, work) =>
      reading(signal, async (plainSession) => {
        await plainSession.session.query('BEGIN; SET LOCAL synchronous_commit = on');
        const result = await work(plainSession);
        await plainSession.session.query('COMMIT');
        return result;
      }),
    async isReady({ session }) {
      const version = await session.cell(`SELECT version FROM ${names.installation}`);
      return Number(version) >= PARKING_VERSION;
    },
    async lockLane({ session }, lease) {
      const standing = await lockLane(session, names, lease);
      if (standing?.epoch !== lease.epoch) throw leaseLost(lease);
      return standing;
    },
    store: (session, request) => storeEvents(session, names, request),
    writeClaim: ({ session }, lease) => writeEmptyClaim(session, names, lease),
    confirm: ({ session }, lease, claim) => confirmClaim(session, names, { lease, claim }),
  };
}
