import type { ParkingSource } from '../../../../engine/capture/parking/create-event-parking.ts';
import { idsOf } from '../../../../engine/capture/parking/parked-tables.ts';
import { leaseLost, resyncRequired } from '../../../../engine/capture/lane-errors.ts';
import type { Lease } from '../../../../engine/ports/change-capture.ts';
import type { EventToPark } from '../../../../engine/ports/event-parking.ts';
import type { Pool } from '../../connections/pool.ts';
import { literal } from '../../sql/names.ts';
import { inCapture } from '../capture-errors.ts';
import { type CaptureNames, PARKING_VERSION, renderLane } from '../capture-tables.ts';
import { confirmClaim } from '../claims/lanes.ts';
import { type ParkingSession, plain } from './plain-session.ts';

/** Copies events of the staging table, where they stay as long as their claim. */
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
  let stored = 0;
  for (const ids of idsOf(events.map(({ event }) => ({ event: event.id })))) {
    const { count } = await session.query(
      `INSERT INTO ${names.parking.parked} (transfer, lane, event_id, table_number, operation, transaction_id, recorded_at, db_user,
         message_key, old_row, new_row, bytes, table_id, row_key, claim, state, attempts, parked_ms, state_ms, error_code, error_message)
       SELECT ${literal(lease.transfer)}, ${lease.lane}, id, table_number, operation, transaction_id, recorded_at, db_user,
         message_key, old_row, new_row, bytes, '', '', ${claim}, 'behind', 0, ${nowMs}, ${nowMs}, '', '' FROM ${names.events} WHERE id IN (${ids})`,
    );
    stored += count;
  }
  if (stored !== events.length)
    throw resyncRequired(lease, `${events.length - stored} events of claim ${claim} are gone`);
}

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
    store: (session, request) => storeEvents(session, names, request),
    writeClaim: (session, lease, claim) => writeClaim(session, names, { lease, claim }),
    confirm: ({ session }, lease, claim) => confirmClaim(session, names, { lease, claim }),
  };
}
