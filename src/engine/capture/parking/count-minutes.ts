import {
  COUNTED,
  type Counted,
  type ConfirmedCounts,
  type EventCount,
  type LagMinute,
  MINUTE_MS,
  type MinuteCounts,
} from '../../../model/change-statistics.ts';
import type { ChangeLane } from '../../ports/change-capture.ts';
import { type ParkedTables, type PlainSession, renderLaneIs, timeOf } from './parked-tables.ts';

/** Of the bare words one or the other is reserved. */
export const columnOf = (what: Counted): string => `${what}_events`;

const minuteOf = (nowMs: number): number => Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;

/** Adds to a row of a minute, which is made where it is missing: nobody else writes those of the lane. */
async function add(
  session: PlainSession,
  request: {
    readonly table: string;
    readonly lane: ChangeLane;
    readonly tables: ParkedTables;
    /** Columns of the key behind transfer and lane, and SQL of their values. */
    readonly key: Readonly<Record<string, string>>;
    readonly set: string;
    readonly values: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { table, lane, tables, key, set, values } = request;
  const where = Object.entries(key).map(([column, value]) => `${column} = ${value}`);
  const changed = await session.run(
    `UPDATE ${table} SET ${set} WHERE ${[renderLaneIs(tables, lane), ...where].join(' AND ')}`,
  );
  if (changed > 0) return;
  const row = {
    transfer: tables.literal(lane.transfer),
    lane: String(lane.lane),
    ...key,
    ...values,
  };
  await session.run(
    `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`,
  );
}

/** Adds to the counts of this minute; in the lane's transaction, and under its lock. */
export async function countEvents(
  session: PlainSession,
  tables: ParkedTables,
  request: {
    readonly lane: ChangeLane;
    readonly counts: Readonly<Partial<Record<Counted, readonly EventCount[]>>>;
    readonly nowMs: number;
  },
): Promise<void> {
  const { lane, counts, nowMs } = request;
  for (const what of COUNTED)
    for (const { table, operation, events } of counts[what] ?? []) {
      if (events === 0) continue;
      const zeros = Object.fromEntries(
        COUNTED.map((each) => [columnOf(each), each === what ? String(events) : '0']),
      );
      await add(session, {
        table: tables.minutes,
        lane,
        tables,
        key: {
          minute_ms: String(minuteOf(nowMs)),
          table_id: tables.literal(table),
          operation: tables.literal(operation),
        },
        set: `${columnOf(what)} = ${columnOf(what)} + ${events}`,
        values: zeros,
      });
    }
}

/** What goes along with a confirmation. */
export async function countConfirmed(
  session: PlainSession,
  tables: ParkedTables,
  request: { readonly lane: ChangeLane; readonly nowMs: number } & ConfirmedCounts,
): Promise<void> {
  const { lane, lag, moved, nowMs } = request;
  await countEvents(session, tables, { lane, counts: { success: moved }, nowMs });
  if (!lag) return;
  const [seconds, events] = [Math.max(0, Math.round(lag.seconds)), Math.round(lag.events)];
  const larger = (column: string, value: number): string =>
    `${column} = CASE WHEN ${column} < ${value} THEN ${value} ELSE ${column} END`;
  await add(session, {
    table: tables.lags,
    lane,
    tables,
    key: { minute_ms: String(minuteOf(nowMs)) },
    set: [larger('seconds', seconds), larger('events', events)].join(', '),
    values: { seconds: String(seconds), events: String(events) },
  });
}

interface Choice {
  readonly transfer?: string | undefined;
  readonly sinceMs: number;
}

const renderChoice = ({ literal }: ParkedTables, { transfer, sinceMs }: Choice): string =>
  `minute_ms >= ${minuteOf(sinceMs)}${transfer === undefined ? '' : ` AND transfer = ${literal(transfer)}`}`;

/** See CaptureStatistics. */
export async function readCounts(
  session: PlainSession,
  tables: ParkedTables,
  choice: Choice,
): Promise<readonly MinuteCounts[]> {
  const sums = COUNTED.map((what) => `SUM(${columnOf(what)})`).join(', ');
  const rows = await session.rows(
    `SELECT minute_ms, transfer, table_id, operation, ${sums} FROM ${tables.minutes} WHERE ${renderChoice(tables, choice)}
     GROUP BY minute_ms, transfer, table_id, operation ORDER BY minute_ms, transfer, table_id, operation`,
  );
  return rows.map(([minute, transfer, table, operation, ...counts]) => {
    const [success = 0, delayed = 0, final = 0, divisions = 0, retries = 0] = counts.map(Number);
    return {
      minute: timeOf(Number(minute)),
      transfer: transfer ?? '',
      table: table ?? '',
      operation: operation ?? '',
      success,
      delayed,
      final,
      divisions,
      retries,
    };
  });
}

/** See CaptureStatistics. Of several lanes the one that is furthest behind. */
export async function readLags(
  session: PlainSession,
  tables: ParkedTables,
  choice: Choice,
): Promise<readonly LagMinute[]> {
  const rows = await session.rows(
    `SELECT minute_ms, transfer, MAX(seconds), MAX(events) FROM ${tables.lags} WHERE ${renderChoice(tables, choice)}
     GROUP BY minute_ms, transfer ORDER BY minute_ms, transfer`,
  );
  return rows.map(([minute, transfer, seconds, events]) => ({
    minute: timeOf(Number(minute)),
    transfer: transfer ?? '',
    seconds: Number(seconds),
    events: Number(events),
  }));
}
