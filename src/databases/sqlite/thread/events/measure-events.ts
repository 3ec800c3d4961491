import type BetterSqlite from 'better-sqlite3';
import { captureTables } from '../../capture/capture-tables.ts';
import { stopIfGivenUp } from '../given-up.ts';
import type { EventsToMeasure, MeasuredEvents } from '../operations.ts';
import { rawStatement } from '../row-source.ts';
import { inReadTransaction, openLayouts } from './event-rows.ts';

/** How far a claim goes that begins behind an id. Reads the lengths of values, not the values. */
export function measureEvents(database: BetterSqlite.Database, request: EventsToMeasure): MeasuredEvents {
  const { prefix, limits } = request;
  const numbers = new Set(request.tables);
  return inReadTransaction(database, () => {
    const layouts = openLayouts(database, prefix);
    const rows = rawStatement(
      database,
      `SELECT id, table_number, layout FROM ${captureTables(prefix).events} WHERE id > ? ORDER BY id`,
    );
    let last: bigint | null = null;
    let seen = request.afterId;
    let events = 0;
    let bytes = 0;
    for (const row of rows.iterate(request.afterId)) {
      stopIfGivenUp();
      const [id, table, layout] = row as [bigint, bigint, bigint];
      if (numbers.has(Number(table))) {
        const size = layouts(table, layout).size(id);
        if (events > 0 && bytes + size > limits.bytes) break;
        last = id;
        events += 1;
        bytes += size;
      }
      seen = id;
      if (events >= limits.events || bytes >= limits.bytes) break;
    }
    return { last, seen, events };
  });
}
