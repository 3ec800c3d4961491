import type BetterSqlite from 'better-sqlite3';
import type { DescribedColumn } from './operations.ts';

const VIEW = 'sluice_query';

/** The driver refuses a second statement by an error of JavaScript's own. */
function prepareOne(database: BetterSqlite.Database, sql: string): BetterSqlite.Statement | null {
  try {
    return database.prepare(sql);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * The text alone is prepared, which takes one statement: with that it is one, and all that it opens it closes again, so that
 * it can stand in brackets. A view, of this connection alone, tells the types of expressions too.
 */
export function describeQuery(database: BetterSqlite.Database, sql: string): DescribedColumn[] | null {
  const statement = prepareOne(database, sql);
  if (!statement?.reader || !statement.readonly) return null;
  const names = statement.columns().map(({ name }) => name);
  database.exec(`CREATE TEMP VIEW ${VIEW} AS ${sql}`);
  try {
    const rows = database
      .prepare<unknown[], string[]>(`SELECT type FROM pragma_table_xinfo('${VIEW}')`)
      .raw()
      .all();
    return names.map((name, at) => ({ name, type: rows[at]?.[0] ?? '' }));
  } finally {
    database.exec(`DROP VIEW temp.${VIEW}`);
  }
}
