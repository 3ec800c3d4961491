import type { StoredValue } from '../values/stored-value.ts';
import type { Thread } from '../connections/start-thread.ts';

/** Tables of the user: no views, virtual and shadow tables, nothing of SQLite itself. */
export const TABLE_NAMES = `SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`;

/** The names are bound as one JSON array: thousands of them are one query. */
const CHOSEN = `(${TABLE_NAMES} AND name IN (SELECT value FROM json_each(?)))`;

/** Named cells of one row. */
export type CatalogRow = Readonly<Record<string, StoredValue>>;

export const text = (row: CatalogRow, name: string): string => String(row[name] ?? '');
export const textOrNull = (row: CatalogRow, name: string): string | null =>
  row[name] === null || row[name] === undefined ? null : String(row[name]);
export const flag = (row: CatalogRow, name: string): boolean => Number(row[name] ?? 0) !== 0;

/** Rows of a query under the names that its select list gives in this order. */
export async function catalogRows(
  thread: Thread,
  query: {
    readonly names: readonly string[];
    readonly sql: string;
    readonly values?: readonly StoredValue[];
  },
  signal: AbortSignal,
): Promise<CatalogRow[]> {
  const rows = await thread.call('query', { sql: query.sql, values: query.values ?? [] }, { signal });
  return rows.map((row) => Object.fromEntries(query.names.map((name, at) => [name, row[at] ?? null])));
}

const query = (from: string, names: readonly string[], columns: string, order: string) => ({
  names: ['table', ...names],
  sql: `SELECT t.name, ${columns} FROM ${CHOSEN} AS t ${from} ORDER BY t.name, ${order}`,
});

export const TABLES = query(
  `JOIN sqlite_schema AS s ON s.type = 'table' AND s.name = t.name
   JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = t.name`,
  ['sql', 'withoutRowid'],
  's.sql, l.wr',
  't.name',
);

export const COLUMNS = query(
  'JOIN pragma_table_xinfo(t.name) AS x ON x.hidden <> 1',
  ['name', 'type', 'notNull', 'default', 'keyPlace', 'hidden'],
  'x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden',
  'x.cid',
);

export const INDEXES = query(
  `JOIN pragma_index_list(t.name) AS i
   LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name`,
  ['name', 'unique', 'origin', 'partial', 'sql'],
  'i.name, i."unique", i.origin, i.partial, s.sql',
  'i.seq DESC',
);

export const INDEX_COLUMNS = query(
  `JOIN pragma_index_list(t.name) AS i
   JOIN pragma_index_xinfo(i.name) AS c ON c.key = 1`,
  ['index', 'column', 'collation', 'descending'],
  'i.name, c.name, c.coll, c.desc',
  'i.seq, c.seqno',
);

export const FOREIGN_KEYS = query(
  'JOIN pragma_foreign_key_list(t.name) AS f',
  ['id', 'column', 'references', 'referenced', 'onUpdate', 'onDelete'],
  // Without a list of columns the parent's primary key is meant.
  'f.id, f."from", f."table", coalesce(f."to", (SELECT x.name FROM pragma_table_xinfo(f."table") AS x WHERE x.pk = f.seq + 1)), f.on_update, f.on_delete',
  'f.id, f.seq',
);

/** Rows by the table they belong to, in their order. */
export function byTable(rows: readonly CatalogRow[]): ReadonlyMap<string, CatalogRow[]> {
  const groups = new Map<string, CatalogRow[]>();
  for (const row of rows) {
    const name = text(row, 'table');
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return groups;
}
