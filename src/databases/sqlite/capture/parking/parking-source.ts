import type { ParkingSource } from '../../../../engine/capture/parking/create-event-parking.ts';
import type { PlainSession } from '../../../../engine/capture/parking/parked-tables.ts';
import type { Lease } from '../../../../engine/ports/change-capture.ts';
import type { EventToPark } from '../../../../engine/ports/event-parking.ts';
import { reading, type Session, writing } from '../../connections/session.ts';
import type { StoredValue } from '../../values/stored-value.ts';
import { captureTables, PARKING_VERSION } from '../capture-tables.ts';
import { isInstalled, readVersion } from '../captured-state.ts';
import { laneKey } from '../lanes.ts';
import { confirmClaim, leaseLost, ownLane } from '../own-lane.ts';
import type { CaptureFile } from '../trigger-manager.ts';

export interface ParkingSession extends PlainSession {
  readonly session: Session;
}

const textOf = (value: StoredValue): string | null => (value === null ? null : String(value));

const plain = (session: Session): ParkingSession => ({
  session,
  rows: async (sql) => (await session.rows(sql)).map((row) => row.map(textOf)),
  run: (sql) => session.run(sql),
});

/** One byte in each letter of what was read, as it came. */
const decoded = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const decodedOrNull = (text: string | null): string | null => (text === null ? null : decoded(text));

/** The event as it was read: its text is made of values of the application's, which nobody makes twice. */
async function storeEvent(
  session: Session,
  parked: string,
  { lease, claim, event, nowMs }: Stored & { readonly event: EventToPark['event'] },
): Promise<void> {
  const bytes = (event.old?.length ?? 0) + (event.new?.length ?? 0);
  const values: readonly StoredValue[] = [
    ...laneKey(lease),
    BigInt(event.id),
    BigInt(event.table),
    event.operation,
    decoded(event.transaction),
    decoded(event.at),
    decoded(event.user),
    decodedOrNull(event.key),
    decodedOrNull(event.old),
    decodedOrNull(event.new),
    BigInt(bytes),
    BigInt(claim),
    BigInt(nowMs),
    BigInt(nowMs),
  ];
  await session.run(
    `INSERT INTO ${parked} (transfer, lane, event_id, table_number, operation, transaction_id, recorded_at, db_user, message_key, old_row, new_row,
       bytes, claim, parked_ms, state_ms, table_id, row_key, state, attempts, error_code, error_message)
     VALUES (${values.map(() => '?').join(', ')}, '', '', 'behind', 0, '', '')`,
    values,
  );
}

interface Stored {
  readonly lease: Lease;
  readonly claim: number;
  readonly nowMs: number;
}

/** A claim without an id: it begins and ends where the lane's last one did. */
async function writeClaim(
  session: Session,
  prefix: string,
  { lease, claim }: { readonly lease: Lease; readonly claim: number },
): Promise<void> {
  const { claims, lanes } = captureTables(prefix);
  const key = laneKey(lease);
  await session.run(
    `INSERT INTO ${claims} (transfer, lane, claim, table_numbers, after_id, last_id, events, sealed_at)
     SELECT transfer, lane, ?, table_numbers, sealed_id, sealed_id, 0, ? FROM ${lanes} WHERE transfer = ? AND lane = ?`,
    [BigInt(claim), new Date().toISOString(), ...key],
  );
  await session.run(`UPDATE ${lanes} SET sealed = ? WHERE transfer = ? AND lane = ?`, [
    BigInt(claim),
    ...key,
  ]);
}

/** What is set apart of lanes, in SQLite: who writes has the lock of the file. */
export function createParkingSource({ pool, prefix }: CaptureFile): ParkingSource<ParkingSession> {
  const tables = captureTables(prefix).parking;
  return {
    tables,
    reading: (signal, work) => reading(pool, signal, (session) => work(plain(session))),
    transaction: (signal, work) => writing(pool, signal, (session) => work(plain(session))),
    isReady: async ({ session }) =>
      (await isInstalled(session, prefix)) && (await readVersion(session, prefix)) >= PARKING_VERSION,
    async lockLane({ session }, lease) {
      if (!(await isInstalled(session, prefix))) throw leaseLost(lease);
      return { sealed: Number((await ownLane(session, prefix, lease)).sealed) };
    },
    async store({ session }, { events, ...where }) {
      for (const { event } of events) await storeEvent(session, tables.parked, { ...where, event });
    },
    writeClaim: ({ session }, lease, claim) => writeClaim(session, prefix, { lease, claim }),
    confirm: ({ session }, lease, claim) => confirmClaim(session, prefix, { lease, claim }),
  };
}
