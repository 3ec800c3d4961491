import { copyStaged, type Staging } from '../../../../engine/capture/parking/copy-staged.ts';
import type { ParkingSource } from '../../../../engine/capture/parking/create-event-parking.ts';
import { leaseLost } from '../../../../engine/capture/lane-errors.ts';
import type { Lease } from '../../../../engine/ports/change-capture.ts';
import type { Pool } from '../../connections/pool.ts';
import { literal } from '../../sql/names.ts';
import { inCapture } from '../capture-errors.ts';
import { type CaptureNames, PARKING_VERSION, renderLane } from '../capture-tables.ts';
import { confirmClaim } from '../claims/lanes.ts';
import { type ParkingSession, plain } from './plain-session.ts';

/** A claim without an id of the staging table: it frees none, and none is missed of it. */
async function writeClaim(
  { session }: ParkingSession,
  names: CaptureNames,
  { lease, claim }: { readonly lease: Lease; readonly claim: number },
): Promise<void> {
  await session.query(
    `INSERT INTO ${names.claims} (transfer, lane, claim, runs, events, sealed_at) VALUES (${literal(lease.transfer)}, ${lease.lane}, ${claim}, '', 0, UTC_TIMESTAMP(6))`,
  );
  await session.query(`UPDATE ${names.lanes} SET sealed = ${claim} WHERE ${renderLane(lease)}`);
}

/** What is set apart of lanes, in MySQL and MariaDB. */
export function createParkingSource(pool: Pool, names: CaptureNames): ParkingSource<ParkingSession> {
  const context = inCapture(names);
  const staging: Staging = {
    events: names.events,
    payload:
      'id, table_number, operation, transaction_id, recorded_at, db_user, message_key, old_row, new_row',
    bytes: 'bytes',
  };
  return {
    tables: names.parking,
    reading: (signal, work) => pool.use((session) => work(plain(session)), signal, context),
    transaction: (signal, work) => pool.transaction((session) => work(plain(session)), signal, context),
    async isReady({ session }) {
      const version = await session.cell(`SELECT version FROM ${names.installation}`);
      return Number(version) >= PARKING_VERSION;
    },
    async lockLane({ session }, lease) {
      const { rows } = await session.query(
        `SELECT epoch, sealed FROM ${names.lanes} WHERE ${renderLane(lease)} FOR UPDATE`,
      );
      const [epoch, sealed] = rows[0] ?? [];
      if (epoch !== lease.epoch) throw leaseLost(lease);
      return { sealed: Number(sealed) };
    },
    store: (session, request) => copyStaged(session, names.parking, request, staging),
    writeClaim: (session, lease, claim) => writeClaim(session, names, { lease, claim }),
    confirm: ({ session }, lease, claim) => confirmClaim(session, names, { lease, claim }),
  };
}
