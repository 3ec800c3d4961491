import type { Introspector } from '../../engine/ports/introspector.ts';
import { captureNames } from './capture/capture-tables.ts';
import type { SqliteConfig } from './config.ts';
import { fileExists, type Pool } from './connections/pool.ts';
import {
  byTable,
  COLUMNS,
  catalogRows,
  FOREIGN_KEYS,
  INDEX_COLUMNS,
  INDEXES,
  TABLE_NAMES,
  TABLES,
  text,
} from './structure/catalog-queries.ts';
import { describeQuery } from './structure/describe-query.ts';
import { describeTable } from './structure/describe-table.ts';
import type { Thread } from './connections/start-thread.ts';

type Estimates = ReadonlyMap<string, number>;

/** What ANALYZE found when it last ran: the first number of `sqlite_stat1.stat` is the rows of the index. */
async function estimates(thread: Thread, signal: AbortSignal): Promise<Estimates> {
  const analyzed = `SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'`;
  if ((await catalogRows(thread, { names: ['one'], sql: analyzed }, signal)).length === 0) return new Map();
  const rows = await catalogRows(
    thread,
    {
      names: ['table', 'rows'],
      sql: 'SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl',
    },
    signal,
  );
  return new Map(rows.map((row) => [text(row, 'table'), Number(row['rows'])]));
}

async function describe(thread: Thread, names: readonly string[], signal: AbortSignal) {
  const values = [JSON.stringify(names)];
  const read = (query: { readonly names: readonly string[]; readonly sql: string }) =>
    catalogRows(thread, { ...query, values }, signal);
  const [tables, columns, indexes, indexColumns, foreignKeys] = [
    await read(TABLES),
    byTable(await read(COLUMNS)),
    byTable(await read(INDEXES)),
    byTable(await read(INDEX_COLUMNS)),
    byTable(await read(FOREIGN_KEYS)),
  ];
  const [encoding] = await catalogRows(thread, { names: ['is'], sql: 'PRAGMA encoding' }, signal);
  const rowsOf = await estimates(thread, signal);
  return tables.map((table) => {
    const name = text(table, 'table');
    return describeTable({
      table,
      columns: columns.get(name) ?? [],
      indexes: indexes.get(name) ?? [],
      indexColumns: indexColumns.get(name) ?? [],
      foreignKeys: foreignKeys.get(name) ?? [],
      estimatedRows: rowsOf.get(name) ?? null,
      encoding: encoding ? text(encoding, 'is') : 'UTF-8',
    });
  });
}

/** A file that is missing has no tables to describe, for a transfer may be about to create it; it has none to list either, but that is an error. */
export function createIntrospector(
  pool: Pool,
  config: SqliteConfig,
  ledgerTables: ReadonlySet<string>,
): Introspector {
  return {
    listTables: (signal) =>
      pool.query(async (thread) => {
        const rows = await catalogRows(
          thread,
          { names: ['name'], sql: `${TABLE_NAMES} ORDER BY name` },
          signal,
        );
        const rowsOf = await estimates(thread, signal);
        const names = rows.map((row) => text(row, 'name'));
        const ofCapture = captureNames(names);
        return names
          .filter((name) => !ledgerTables.has(name) && !ofCapture.has(name))
          .map((name) => ({ table: { schema: 'main', name }, estimatedRows: rowsOf.get(name) ?? null }));
      }, signal),
    async describeTables(tables, signal) {
      if (tables.length === 0 || (config.create !== true && !(await fileExists(config.path)))) return [];
      const names = tables.map((table) => table.name).filter((name) => !ledgerTables.has(name));
      return pool.query(async (thread) => {
        const all = await catalogRows(thread, { names: ['name'], sql: TABLE_NAMES }, signal);
        const ofCapture = captureNames(all.map((row) => text(row, 'name')));
        return describe(
          thread,
          names.filter((name) => !ofCapture.has(name)),
          signal,
        );
      }, signal);
    },
    describeQuery: (query, signal) => describeQuery(pool, query, signal),
  };
}
