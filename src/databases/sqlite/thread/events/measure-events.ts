import type BetterSqlite from 'better-sqlite3';
import { captureTables } from '../../capture/capture-tables.ts';
import { stopIfGivenUp } from '../given-up.ts';
import { createClaimCut, type PendingEvent } from '../../../../engine/capture/claim-cut.ts';
import type { EventsToMeasure, MeasuredEvents } from '../operations.ts';
import { rawStatement } from '../row-source.ts';
import { inReadTransaction, type LayoutRows, openLayouts } from './event-rows.ts';

/** No number of a transaction is recorded: all events have one name, and are told apart by their times. */
const pendingEvent = (bytes: number, at: unknown): PendingEvent => ({
  bytes,
  transaction: '',
  at: Date.parse(`${String(at).replace(' ', 'T')}Z`) || 0,
});

/** How far a claim goes that begins behind an id. Reads the lengths of values, not the values. */
export function measureEvents(database: BetterSqlite.Database, request: EventsToMeasure): MeasuredEvents {
  const { prefix, limits } = request;
  const numbers = new Set(request.tables);
  const cut = createClaimCut(limits);
  return inReadTransaction(database, () => {
    const layouts = openLayouts(database, prefix);
    const rows = rawStatement(
      database,
      `SELECT id, table_number, layout, at FROM ${captureTables(prefix).events} WHERE id > ? ORDER BY id`,
    );
    const ids: bigint[] = [];
    let seen = request.afterId;
    let isAll = true;
    let bytes = 0;
    /** Of events that are only looked at to see where transactions end the size is about that of the others. */
    const sizeOf = (id: bigint, rowsOf: () => LayoutRows): number => {
      const isFull = ids.length >= limits.events || bytes >= limits.bytes;
      const size = isFull && ids.length > 0 ? Math.ceil(bytes / ids.length) : rowsOf().size(id);
      bytes += size;
      return size;
    };
    for (const row of rows.iterate(request.afterId)) {
      stopIfGivenUp();
      const [id, table, layout, at] = row as [bigint, bigint, bigint, unknown];
      if (numbers.has(Number(table))) {
        isAll = cut.add(
          pendingEvent(
            sizeOf(id, () => layouts(table, layout)),
            at,
          ),
        );
        if (!isAll) break;
        ids.push(id);
      }
      seen = id;
    }
    const events = cut.take(isAll);
    return { last: ids[events - 1] ?? null, seen, events };
  });
}
