import { setTimeout as delay } from 'node:timers/promises';
import BetterSqlite from 'better-sqlite3';
import mysqlDriver from 'mysql2/promise';
import pg from 'pg';

export const ACCOUNTS = 40;
export const LISTS = 30;
export const PLACES = 25;
export const PARENTS = 20;

/** A session of an application that changes the tables of the load. */
export interface LoadSession {
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<readonly (readonly (string | number | null)[])[]>;
  /** Its transaction stays open for so long. */
  linger(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** How a product spells what the load does. */
export interface LoadProduct {
  /** Tables of the load, filled. */
  readonly tables: readonly string[];
  readonly begin: string;
  /** An expression of `list` with more behind it. */
  readonly appended: (text: string) => string;
  /** Between INSERT and INTO, and behind the row, where a row that is there already is left alone. */
  readonly unlessThere: readonly [string, string];
  readonly orRename: string;
  /** Another key for a place, unless that is taken. */
  readonly moved: (from: number, to: number) => string;
  /** Locks rows for what follows; empty: the whole transaction does. */
  readonly forUpdate: string;
  /** What concurrent writers give each other: a deadlock, a serialisation failure, a key or a parent that another one took. */
  readonly isEachOthers: (error: unknown) => boolean;
  readonly sessions: number;
  readonly connect: (url: string) => Promise<LoadSession>;
}

const POSTGRES_CODES = new Set(['40P01', '40001', '23505', '23503']);
/** ER_DUP_ENTRY, ER_LOCK_DEADLOCK, ER_NO_REFERENCED_ROW_2, ER_ROW_IS_REFERENCED_2. */
const MYSQL_NUMBERS = new Set([1062, 1213, 1452, 1451]);

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

async function postgresSession(url: string): Promise<LoadSession> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    run: async (sql) => void (await client.query(sql)),
    rows: async (sql) =>
      (await client.query<(string | number | null)[]>({ text: sql, rowMode: 'array' })).rows,
    linger: (ms) => delay(ms),
    close: () => client.end(),
  };
}

async function mysqlSession(url: string): Promise<LoadSession> {
  const client = await mysqlDriver.createConnection({ uri: url.replace(/^mariadb:/, 'mysql:') });
  return {
    run: async (sql) => void (await client.query(sql)),
    rows: async (sql) => (await client.query({ sql, rowsAsArray: true }))[0] as (string | number | null)[][],
    linger: (ms) => delay(ms),
    close: () => client.end(),
  };
}

/** In this process: nobody else of it may write while a transaction is open, or all would wait. */
function sqliteSession(url: string): Promise<LoadSession> {
  const database = new BetterSqlite(url.replace(/^sqlite:/, ''), { timeout: 60_000 });
  database.pragma('foreign_keys = ON');
  return Promise.resolve({
    run: (sql) => Promise.resolve(void database.exec(sql)),
    rows: (sql) => Promise.resolve(database.prepare(sql).raw().all() as (string | number | null)[][]),
    linger: (ms) => delay(ms),
    close: () => Promise.resolve(void database.close()),
  });
}

const GENERIC = (text: string) => [
  `CREATE TABLE accounts (id integer PRIMARY KEY, balance numeric(20,2) NOT NULL)`,
  `CREATE TABLE lists (k integer PRIMARY KEY, list ${text} NOT NULL)`,
  `CREATE TABLE places (id integer PRIMARY KEY, seat integer UNIQUE, who ${text})`,
  `CREATE TABLE parents (id integer PRIMARY KEY, name ${text})`,
];

const SERIES = {
  postgresql: (upto: number) => `generate_series(1, ${upto}) AS t(i)`,
  mariadb: (upto: number) => `(SELECT seq AS i FROM seq_1_to_${upto}) AS t`,
  recursive: (upto: number) =>
    `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${upto}) SELECT i FROM n) AS t`,
} as const;

const filled = (series: (upto: number) => string, concat: (text: string) => string): readonly string[] => [
  `INSERT INTO accounts SELECT i, 1000 FROM ${series(ACCOUNTS)}`,
  `INSERT INTO lists SELECT i, '' FROM ${series(LISTS)}`,
  `INSERT INTO places SELECT i * 2, i * 2, ${concat('p')} FROM ${series(PLACES)}`,
  `INSERT INTO parents SELECT i, ${concat('parent ')} FROM ${series(PARENTS)}`,
  `INSERT INTO children (parent, note) SELECT i, 'child' FROM ${series(PARENTS)}`,
];

const pipes = (text: string): string => `'${text}' || i`;
const REFERENCES = 'parent integer NOT NULL REFERENCES parents (id) ON DELETE CASCADE';

const POSTGRESQL_LOAD: LoadProduct = {
  tables: [
    ...GENERIC('text'),
    `CREATE TABLE children (id bigserial PRIMARY KEY, ${REFERENCES}, note text)`,
    ...filled(SERIES.postgresql, pipes),
  ],
  begin: 'BEGIN',
  appended: (text) => `list || '${text}'`,
  unlessThere: ['', 'ON CONFLICT DO NOTHING'],
  orRename: 'ON CONFLICT (id) DO UPDATE SET name = excluded.name',
  moved: (from, to) =>
    `UPDATE places SET id = ${to} WHERE id = ${from} AND NOT EXISTS (SELECT FROM places WHERE id = ${to})`,
  forUpdate: 'FOR UPDATE',
  isEachOthers: (error) => POSTGRES_CODES.has(String(codeOf(error))),
  sessions: 4,
  connect: postgresSession,
};

/** Of MariaDB and MySQL, which differ in how they count. */
const mysqlLoad = (series: (upto: number) => string): LoadProduct => ({
  tables: [
    ...GENERIC('longtext'),
    `CREATE TABLE children (id bigint AUTO_INCREMENT PRIMARY KEY, parent integer NOT NULL, note text,
       FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE)`,
    ...filled(series, (text) => `CONCAT('${text}', i)`),
  ],
  begin: 'START TRANSACTION',
  appended: (text) => `CONCAT(list, '${text}')`,
  unlessThere: ['IGNORE', ''],
  orRename: 'ON DUPLICATE KEY UPDATE name = VALUES(name)',
  moved: (from, to) => `UPDATE IGNORE places SET id = ${to} WHERE id = ${from}`,
  forUpdate: 'FOR UPDATE',
  isEachOthers: (error) => MYSQL_NUMBERS.has(Number((error as { errno?: number }).errno)),
  sessions: 4,
  connect: mysqlSession,
});

const SQLITE_LOAD: LoadProduct = {
  tables: [
    'PRAGMA journal_mode = wal',
    ...GENERIC('text'),
    `CREATE TABLE children (id INTEGER PRIMARY KEY AUTOINCREMENT, ${REFERENCES}, note text)`,
    ...filled(SERIES.recursive, pipes),
  ],
  begin: 'BEGIN IMMEDIATE',
  appended: (text) => `list || '${text}'`,
  unlessThere: ['OR IGNORE', ''],
  orRename: 'ON CONFLICT (id) DO UPDATE SET name = excluded.name',
  moved: (from, to) => `UPDATE OR IGNORE places SET id = ${to} WHERE id = ${from}`,
  forUpdate: '',
  isEachOthers: (error) => String(codeOf(error)).startsWith('SQLITE_CONSTRAINT'),
  sessions: 1, // one writes at a time
  connect: sqliteSession,
};

export const LOADS = {
  postgresql: POSTGRESQL_LOAD,
  mariadb: mysqlLoad(SERIES.mariadb),
  mysql: mysqlLoad(SERIES.recursive),
  sqlite: SQLITE_LOAD,
} as const;
