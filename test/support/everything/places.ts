import { createHash } from 'node:crypto';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { createFolder, createPostgresDatabase } from '../databases.ts';
import { mariadbPlace } from '../mariadb-harness.ts';
import { servers } from '../servers.ts';
import { MARIADB_AROUND, MARIADB_ROWS, MARIADB_TABLES } from './mariadb.ts';
import { POSTGRESQL_AROUND, POSTGRESQL_ROWS, POSTGRESQL_TABLES } from './postgresql.ts';
import { SQLITE_AROUND, SQLITE_ROWS, SQLITE_TABLES } from './sqlite.ts';

export const PRODUCTS = ['postgresql', 'mariadb', 'sqlite'] as const;
export type Product = (typeof PRODUCTS)[number];

/** `full`: tables, rows and all around them. `tables`: the same tables without rows. `empty`: nothing. */
export type Content = 'full' | 'tables' | 'empty';

/** A database of a test alone. */
export interface Place {
  readonly url: string;
  /** Chooses all of its tables. */
  readonly pattern: string;
  /** Each row of a table as one text, sorted: equal where the tables are, repeats counted. */
  rows(table: string): Promise<readonly string[]>;
  run(sql: string): Promise<void>;
  /** All of its rows, where only its tables are. */
  fill(): Promise<void>;
  drop(): Promise<void>;
}

/** What only comes back as it was from a database of the same product. */
export const PECULIAR = 'peculiar';

const EVERYWHERE = [
  'everything',
  'customers',
  'purchases',
  'events',
  'shelves',
  'Odd "Name" é',
  'nothing_in_it',
  PECULIAR,
];
/** Tables that the product's schema has. */
export const TABLES: Readonly<Record<Product, readonly string[]>> = {
  postgresql: [...EVERYWHERE, 'readings'],
  mariadb: [...EVERYWHERE, 'readings'],
  sqlite: EVERYWHERE,
};

/** A long cell by its digest, so that a difference can be read. */
const cellText = (cell: unknown): string => {
  const text = Buffer.isBuffer(cell) ? `x${cell.toString('hex')}` : `${typeof cell} ${String(cell)}`;
  return text.length < 100 ? text : `${text.length} ${createHash('md5').update(text).digest('hex')}`;
};

const sorted = (rows: readonly (readonly unknown[])[]): readonly string[] =>
  rows.map((row) => row.map(cellText).join(' | ')).sort();

const statements = (
  content: Content,
  all: Readonly<Record<'tables' | 'rows' | 'around', string>>,
): string[] =>
  content === 'empty' ? [] : content === 'tables' ? [all.tables] : [all.tables, all.rows, all.around];

async function postgresqlPlace(content: Content): Promise<Place> {
  const database = await createPostgresDatabase(servers().postgresUrl);
  for (const sql of statements(content, {
    tables: POSTGRESQL_TABLES,
    rows: POSTGRESQL_ROWS,
    around: POSTGRESQL_AROUND,
  }))
    await database.query(sql);
  return {
    url: database.url,
    pattern: 'public.*',
    rows: async (table) => sorted(await database.query(`SELECT * FROM "${table.replaceAll('"', '""')}"`)),
    run: async (sql) => void (await database.query(sql)),
    fill: async () => void (await database.query(POSTGRESQL_ROWS)),
    drop: () => database.drop(),
  };
}

async function mariadbDatabase(content: Content): Promise<Place> {
  const place = await mariadbPlace();
  for (const sql of statements(content, {
    tables: MARIADB_TABLES,
    rows: MARIADB_ROWS,
    around: MARIADB_AROUND,
  }))
    await place.execute(sql);
  return {
    url: place.url,
    pattern: '*',
    rows: async (table) => sorted(await place.query(`SELECT * FROM \`${table}\``)),
    run: (sql) => place.execute(sql),
    fill: () => place.execute(MARIADB_ROWS),
    drop: () => place.drop(),
  };
}

async function sqliteFile(content: Content): Promise<Place> {
  const folder = await createFolder();
  const path = join(folder.path, 'everything.db');
  const run = (sql: string): Promise<void> => {
    const writing = new BetterSqlite(path, { timeout: 20_000 });
    writing.exec(sql);
    writing.close();
    return Promise.resolve();
  };
  const database = new BetterSqlite(path);
  for (const sql of statements(content, { tables: SQLITE_TABLES, rows: SQLITE_ROWS, around: SQLITE_AROUND }))
    database.exec(sql);
  database.close();
  return {
    url: `sqlite:${path}`,
    pattern: 'main.*',
    rows: (table) => {
      const reading = new BetterSqlite(path, { readonly: true });
      const rows = reading
        .prepare(`SELECT * FROM "${table.replaceAll('"', '""')}"`)
        .raw()
        .safeIntegers()
        .all();
      reading.close();
      return Promise.resolve(sorted(rows as unknown[][]));
    },
    run,
    fill: () => run(SQLITE_ROWS),
    drop: () => folder.remove(),
  };
}

const MAKE = { postgresql: postgresqlPlace, mariadb: mariadbDatabase, sqlite: sqliteFile } as const;

export const createPlace = (product: Product, content: Content): Promise<Place> => MAKE[product](content);
