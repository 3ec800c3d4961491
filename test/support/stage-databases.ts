import { createHash } from 'node:crypto';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { createFolder, createPostgresDatabase, type TestDatabase } from './databases.ts';
import { mariadbKeylessSql, mariadbOrdersSql, mariadbShelvesSql } from './mariadb-orders.ts';
import { type MariadbPlace, mariadbPlace, type Product } from './mariadb-harness.ts';
import { sqliteKeylessSql, sqliteOrdersSql, sqliteShelvesSql } from './sqlite-orders.ts';
import { digestSql, keylessSql, ordersSql, shelvesSql } from './orders.ts';

/** A database whose sessions can be ended by an administrator. */
export interface StageDatabase extends TestDatabase {
  /** All but our own. */
  readonly sessions: () => Promise<readonly string[]>;
  readonly endSessions: (ids: readonly string[]) => Promise<void>;
  /** A text that is equal when the rows are, repeats counted, whatever their order. */
  readonly digest: (table: string) => Promise<string | null>;
  /** Rows that all lanes of the ledger count; 0 without a ledger. */
  readonly applied: () => Promise<number>;
}

/** What a stage needs of a product. */
export interface StageProduct {
  /** Pattern of the tables of a source. */
  readonly pattern: string;
  create(serverUrl: string): Promise<StageDatabase>;
  fill(database: StageDatabase, rows: number): Promise<void>;
}

async function postgresStageDatabase(serverUrl: string): Promise<StageDatabase> {
  const database = await createPostgresDatabase(serverUrl);
  const cell: TestDatabase['cell'] = (sql) => database.cell(sql);
  const query: TestDatabase['query'] = (sql) => database.query(sql);
  return {
    ...database,
    sessions: async () => {
      const rows = await query(
        'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid',
      );
      return rows.flatMap(([pid]) => pid ?? []);
    },
    endSessions: async (ids) => {
      if (ids.length > 0)
        await query(`SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[${ids.join()}]) AS pid`);
    },
    digest: (table) => cell(digestSql(table)),
    applied: async () => {
      const ledger = await cell("SELECT to_regclass('sluice.sluice_lanes')");
      return ledger === null
        ? 0
        : Number(await cell('SELECT coalesce(sum(rows), 0) FROM sluice.sluice_lanes'));
    },
  };
}

export const POSTGRESQL: StageProduct = {
  pattern: 'public.*',
  create: postgresStageDatabase,
  fill: async (database, rows) => {
    await database.query([ordersSql(rows), keylessSql(rows / 2), shelvesSql(rows / 2)].join(';'));
  },
};

const digestOf = async (place: MariadbPlace, table: string): Promise<string | null> => {
  const columns = await place.query(
    `SELECT GROUP_CONCAT(CONCAT('COALESCE(HEX(\`', COLUMN_NAME, '\`), "-")') ORDER BY ORDINAL_POSITION)
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${table}'`,
  );
  const text = `LEFT(MD5(CONCAT_WS('|', ${columns[0]?.[0]})), 16)`;
  const [row] = await place.query(
    `SELECT CONCAT(COUNT(*), ' ', COALESCE(SUM(CAST(CONV(${text}, 16, 10) AS UNSIGNED)), 0)) FROM ${table}`,
  );
  return row?.[0] ?? null;
};

async function mysqlStageDatabase(product: Product, serverUrl: string): Promise<StageDatabase> {
  const place = await mariadbPlace(product, {}, serverUrl);
  const cell = async (sql: string): Promise<string | null> => (await place.query(sql))[0]?.[0] ?? null;
  return {
    name: place.name,
    url: place.url,
    query: (sql) => place.query(sql),
    cell,
    drop: () => place.drop(),
    sessions: async () => {
      const rows = await place.query(
        'SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID() ORDER BY ID',
      );
      return rows.flatMap(([id]) => id ?? []);
    },
    endSessions: async (ids) => {
      // One may have ended by itself: an unknown number is no failure.
      for (const id of ids) await place.execute(`KILL ${id}`).catch(() => undefined);
    },
    digest: (table) => digestOf(place, table),
    applied: async () => {
      const ledger = await cell(
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sluice_lanes'",
      );
      return ledger === '0' ? 0 : Number(await cell('SELECT COALESCE(SUM(`rows`), 0) FROM sluice_lanes'));
    },
  };
}

export const MARIADB: StageProduct = {
  pattern: '*',
  create: (serverUrl) => mysqlStageDatabase('mariadb', serverUrl),
  fill: async (database, rows) => {
    for (const sql of [mariadbOrdersSql(rows), mariadbKeylessSql(rows / 2), mariadbShelvesSql(rows / 2)])
      await database.query(sql);
  },
};

export const MYSQL: Omit<StageProduct, 'fill'> = {
  pattern: '*',
  create: (serverUrl) => mysqlStageDatabase('mysql', serverUrl),
};

/** What the driver gives: bigint, number, string, bytes. */
type Stored = bigint | number | string | Buffer | null;

const asText = (stored: Stored): string | null =>
  stored === null ? null : Buffer.isBuffer(stored) ? stored.toString('hex') : String(stored);

/** A file of its own. Nobody can end a session of it: whoever has it open is in a process of ours. */
async function sqliteStageDatabase(): Promise<StageDatabase> {
  const folder = await createFolder();
  const path = join(folder.path, 'stage.db');
  const use = <T>(work: (database: BetterSqlite.Database) => T): T => {
    const database = new BetterSqlite(path, { timeout: 60_000 });
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const rowsOf = (sql: string): Stored[][] =>
    use((database) => database.prepare(sql).raw().safeIntegers().all() as Stored[][]);
  const query: TestDatabase['query'] = (sql) => Promise.resolve(rowsOf(sql).map((row) => row.map(asText)));
  const cell: TestDatabase['cell'] = async (sql) => (await query(sql))[0]?.[0] ?? null;
  return {
    name: path,
    url: `sqlite:${path}`,
    query,
    cell,
    drop: () => folder.remove(),
    sessions: () => Promise.resolve([]),
    endSessions: () => Promise.resolve(),
    digest: (table) => {
      const rows = rowsOf(`SELECT * FROM "${table}"`);
      const sum = rows.reduce((total, row) => {
        const text = JSON.stringify(row.map((stored) => [typeof stored, asText(stored)]));
        return total + createHash('md5').update(text).digest().readBigUInt64BE();
      }, 0n);
      return Promise.resolve(`${rows.length} ${sum}`);
    },
    applied: async () => {
      const ledger = await cell("SELECT count(*) FROM sqlite_schema WHERE name = 'sluice_lanes'");
      return ledger === '0' ? 0 : Number(await cell('SELECT coalesce(sum(rows), 0) FROM sluice_lanes'));
    },
  };
}

export const SQLITE: StageProduct = {
  pattern: 'main.*',
  create: sqliteStageDatabase,
  fill: (database, rows) => {
    const file = new BetterSqlite(database.name);
    file.exec([sqliteOrdersSql(rows), sqliteKeylessSql(rows / 2), sqliteShelvesSql(rows / 2)].join(';'));
    file.close();
    return Promise.resolve();
  },
};
