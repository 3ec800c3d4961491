import { resyncRequired } from '../lane-errors.ts';
import type { StoreRequest } from './create-event-parking.ts';
import { idsOf, PAYLOAD_COLUMNS, type ParkedTables, type PlainSession } from './parked-tables.ts';

/** The staging table of a database that can copy its rows within the server. */
export interface Staging {
  readonly events: string;
  /** SQL of what goes into PAYLOAD_COLUMNS, in their order, and of the size. */
  readonly payload: string;
  readonly bytes: string;
}

/** See ParkingSource.store. Events stay in the staging table as long as their claim. */
export async function copyStaged(
  session: PlainSession,
  tables: ParkedTables,
  { lease, claim, events, nowMs }: StoreRequest,
  staging: Staging,
): Promise<void> {
  let stored = 0;
  for (const ids of idsOf(events.map(({ event }) => event.id)))
    stored += await session.run(
      `INSERT INTO ${tables.parked} (transfer, lane, ${PAYLOAD_COLUMNS.join(', ')}, bytes, table_id, row_key, claim, state, attempts,
         parked_ms, state_ms, error_code, error_message)
       SELECT ${tables.literal(lease.transfer)}, ${lease.lane}, ${staging.payload}, ${staging.bytes}, '', '', ${claim}, 'behind', 0,
         ${nowMs}, ${nowMs}, '', '' FROM ${staging.events} WHERE id IN (${ids})`,
    );
  if (stored !== events.length)
    throw resyncRequired(lease, `${events.length - stored} events of claim ${claim} are gone`);
}
