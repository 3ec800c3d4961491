import type BetterSqlite from 'better-sqlite3';
import { captureTables, rowsTable } from '../../capture/capture-tables.ts';
import type { EventsToFree, FreedEvents } from '../operations.ts';
import { rawStatement } from '../row-source.ts';
import { inReadTransaction } from './event-rows.ts';

/** Events of one transaction: a few milliseconds in which the application waits. */
const MOST_FREED = 500;
const MOST_LOOKED_AT = 20_000;

/** Events that follow one another, with nothing between them that is kept. */
interface Run {
  readonly table: bigint;
  readonly layout: bigint;
  readonly from: bigint;
  to: bigint;
}

/**
 * Looks at the next events in their order and deletes those that the rules give free. What is free stays free, so only the deleting
 * is done under the lock of the file.
 *
 * The newest event keeps its place, without its rows: should the application empty sqlite_sequence, as many do to count from 1
 * again, ids go on behind it.
 */
export function freeEvents(database: BetterSqlite.Database, request: EventsToFree): FreedEvents {
  const { prefix, afterId } = request;
  const rules = new Map(request.rules.map((rule) => [rule.table, rule]));
  const free: Run[] = [];
  let events = 0;
  let looked = 0;
  let run: Run | null = null;
  let after: bigint | null = null;
  inReadTransaction(database, () => {
    const rows = rawStatement(
      database,
      `SELECT id, table_number, layout, at FROM ${captureTables(prefix).events} WHERE id > ? AND id <= ? ORDER BY id`,
    );
    for (const row of rows.iterate(afterId, request.uptoId)) {
      const [id, table, layout, at] = row as [bigint, bigint, bigint, string];
      const rule = rules.get(Number(table));
      const isFree = rule && id <= rule.uptoId && (rule.olderThan === null || at <= rule.olderThan);
      if (!isFree) run = null;
      else if (run?.table === table && run.layout === layout) run.to = id;
      else free.push((run = { table, layout, from: id, to: id }));
      if (isFree) events += 1;
      looked += 1;
      if (events < MOST_FREED && looked < MOST_LOOKED_AT) continue;
      after = id;
      break;
    }
  });
  return { freed: free.length === 0 ? 0 : deleteEvents(database, prefix, free), after };
}

/** @returns events whose rows are gone */
function deleteEvents(database: BetterSqlite.Database, prefix: string, free: readonly Run[]): number {
  const { events } = captureTables(prefix);
  const newest = rawStatement(database, `SELECT max(id) FROM ${events}`);
  const ofEvents = database.prepare(`DELETE FROM ${events} WHERE id BETWEEN ? AND ? AND id <> ?`);
  const ofRows = new Map<string, BetterSqlite.Statement>();
  const rowsOf = ({ table, layout }: Run): BetterSqlite.Statement => {
    const name = rowsTable(prefix, Number(table), Number(layout));
    const made = ofRows.get(name) ?? database.prepare(`DELETE FROM ${name} WHERE sluice_row BETWEEN ? AND ?`);
    ofRows.set(name, made);
    return made;
  };
  return database
    .transaction(() => {
      let freed = 0;
      const [last] = newest.get() as [bigint];
      for (const run of free) {
        const rows = rowsOf(run);
        if (run.to === last) freed += Math.sign(rows.run(last * 2n, last * 2n + 1n).changes);
        rows.run(run.from * 2n, run.to * 2n + 1n);
        freed += ofEvents.run(run.from, run.to, last).changes;
      }
      return freed;
    })
    .immediate();
}
