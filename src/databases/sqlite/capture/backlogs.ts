import { MOST_COUNTED, NO_BACKLOG } from '../../../engine/capture/backlogs.ts';
import type { Backlog } from '../../../engine/ports/change-capture.ts';
import type { Session } from '../connections/session.ts';
import type { StoredValue } from '../values/stored-value.ts';
import { captureTables } from './capture-tables.ts';
import { highestId, readLanes } from './lanes.ts';

/** The time of an event as the file has it, as canonical timestamptz. */
export const eventTime = (at: StoredValue | undefined): string =>
  `${String(at)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')}+00`;

/** What waits in each lane of a transfer. Rows are in id order, which is the order of their times as far as the clock goes forward. */
export async function readBacklogs(
  session: Session,
  prefix: string,
  transfer: string,
): Promise<ReadonlyMap<number, Backlog>> {
  const { events } = captureTables(prefix);
  const highest = await highestId(session, prefix);
  const found = new Map<number, Backlog>();
  for (const { lane, tables, confirmedId } of await readLanes(session, prefix, transfer)) {
    const pending = `FROM ${events} WHERE id > ? AND table_number IN (${tables.join(', ')})`;
    const [first] = await session.rows(`SELECT at ${pending} ORDER BY id LIMIT 1`, [confirmedId]);
    if (first === undefined) {
      found.set(lane, NO_BACKLOG);
      continue;
    }
    const [row] =
      highest - confirmedId > MOST_COUNTED
        ? [[highest - confirmedId]]
        : await session.rows(`SELECT count(*) ${pending}`, [confirmedId]);
    found.set(lane, { events: Number(row?.[0]), oldestAt: eventTime(first[0]) });
  }
  return found;
}
