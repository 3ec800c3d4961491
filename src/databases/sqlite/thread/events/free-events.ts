import type BetterSqlite from 'better-sqlite3';
import { captureTables, rowsTable } from '../../capture/capture-tables.ts';
import type { EventsToFree, FreedEvents } from '../operations.ts';
import { rawStatement } from '../row-source.ts';
import { inReadTransaction } from './event-rows.ts';

/** Events of one transaction: a few milliseconds in which the application waits. */
const MOST_FREED = 500;
const MOST_LOOKED_AT = 20_000;

type Found = readonly [id: bigint, table: bigint, layout: bigint];

/**
 * Looks at the next events in their order and deletes those that the rules give free. What is free stays free, so only the deleting
 * is done under the lock of the file.
 *
 * The newest event keeps its place, without its rows: should the application empty sqlite_sequence, as many do to count from 1
 * again, ids go on behind it.
 */
export function freeEvents(database: BetterSqlite.Database, request: EventsToFree): FreedEvents {
  const { prefix, afterId } = request;
  const { events } = captureTables(prefix);
  const rules = new Map(request.rules.map((rule) => [rule.table, rule]));
  const free: Found[] = [];
  let looked = 0;
  let after: bigint | null = null;
  inReadTransaction(database, () => {
    const rows = rawStatement(
      database,
      `SELECT id, table_number, layout, at FROM ${events} WHERE id > ? AND id <= ? ORDER BY id`,
    );
    for (const row of rows.iterate(afterId, request.uptoId)) {
      const [id, table, layout, at] = row as [bigint, bigint, bigint, string];
      const rule = rules.get(Number(table));
      if (rule && id <= rule.uptoId && (rule.olderThan === null || at <= rule.olderThan))
        free.push([id, table, layout]);
      looked += 1;
      if (free.length < MOST_FREED && looked < MOST_LOOKED_AT) continue;
      after = id;
      break;
    }
  });
  return { freed: free.length === 0 ? 0 : deleteEvents(database, prefix, free), after };
}

/** @returns events whose rows are gone */
function deleteEvents(database: BetterSqlite.Database, prefix: string, free: readonly Found[]): number {
  const { events } = captureTables(prefix);
  const ofEvent = database.prepare(
    `DELETE FROM ${events} WHERE id = ? AND id < (SELECT max(id) FROM ${events})`,
  );
  const ofRows = new Map<string, BetterSqlite.Statement>();
  const rowsOf = ([, table, layout]: Found): BetterSqlite.Statement => {
    const name = rowsTable(prefix, Number(table), Number(layout));
    const made = ofRows.get(name) ?? database.prepare(`DELETE FROM ${name} WHERE sluice_row IN (?, ?)`);
    ofRows.set(name, made);
    return made;
  };
  return database
    .transaction(() => {
      let freed = 0;
      for (const event of free) {
        if (rowsOf(event).run(event[0] * 2n, event[0] * 2n + 1n).changes > 0) freed += 1;
        ofEvent.run(event[0]);
      }
      return freed;
    })
    .immediate();
}
