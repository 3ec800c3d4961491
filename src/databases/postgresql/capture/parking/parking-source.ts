import { copyStaged, type Staging } from '../../../../engine/capture/parking/copy-staged.ts';
import type { ParkingSource } from '../../../../engine/capture/parking/create-event-parking.ts';
import type { PlainSession } from '../../../../engine/capture/parking/parked-tables.ts';
import { leaseLost } from '../../../../engine/capture/lane-errors.ts';
import type { CapturePlace } from '../../../../model/capture-spec.ts';
import type { Pool, Session } from '../../pool.ts';
import { captureNames, PARKING_VERSION } from '../capture-tables.ts';
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

/** What is set apart of lanes, in PostgreSQL. */
export function createParkingSource(pool: Pool, place: CapturePlace): ParkingSource<ParkingSession> {
  const names = captureNames(place);
  const staging: Staging = {
    events: names.events,
    payload: 'id, table_number, operation, transaction, at, db_user, message_key, old, new',
    bytes: SIZE,
  };
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
    async store(session, request) {
      await session.session.query(ALONG_THE_INDEX);
      await copyStaged(session, names.parking, request, staging);
    },
    writeClaim: ({ session }, lease) => writeEmptyClaim(session, names, lease),
    confirm: ({ session }, lease, claim) => confirmClaim(session, names, { lease, claim }),
  };
}
