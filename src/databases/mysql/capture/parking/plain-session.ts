import type { PlainSession } from '../../../../engine/capture/parking/parked-tables.ts';
import type { Session } from '../../connections/session.ts';

export interface ParkingSession extends PlainSession {
  readonly session: Session;
}

/** A session as statements that are the same for every database need it. */
export const plain = (session: Session): ParkingSession => ({
  session,
  rows: async (sql) => (await session.query(sql)).rows,
  run: async (sql) => (await session.query(sql)).count,
});
