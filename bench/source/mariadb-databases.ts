import { readFile } from 'node:fs/promises';
import mysql from 'mysql2/promise';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';
import { databaseUrl } from './scratch-databases.ts';

const TABLE = new URL('orders-mariadb.sql', import.meta.url);
const FILL = new URL('../peers/psql-mariadb.sh', import.meta.url).pathname;

/** As large as what PostgreSQL has: its write-ahead log takes 8 GB before it must be emptied, and the kernel caches its pages. */
const BUFFERS = 'innodb_buffer_pool_size = 2147483648';
const LOGS = { mariadb: 'innodb_log_file_size = 4294967296', mysql: 'innodb_redo_log_capacity = 4294967296' };

/** One statement on a connection of its own. @returns its rows, cells as text */
export async function mariadbQuery(url: string, sql: string): Promise<readonly (readonly string[])[]> {
  const connection = await mysql.createConnection({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    rowsAsArray: true,
  });
  try {
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as unknown[][]).map((row) => row.map(String)) : [];
  } finally {
    await connection.end();
  }
}

/** A MariaDB server with a database for the source and one for the target. */
export interface MariadbDatabases {
  readonly source: string;
  readonly target: string;
  /** Puts the rows of the PostgreSQL database into the source's table. */
  fill(postgres: string, scratch: string): Promise<void>;
  /** An empty source, with the table or for who makes others. */
  freshSource(withTable: boolean): Promise<void>;
  freshTarget(withTable: boolean): Promise<void>;
  drop(): Promise<void>;
}

/** What scripts need to call programs of MariaDB for a database. */
export function mariadbVariables(url: string): Readonly<Record<string, string>> {
  const { hostname, port, username, pathname } = new URL(url);
  return {
    MARIADB_URL: url,
    MARIADB_HOST: hostname,
    MARIADB_PORT: port,
    MARIADB_USER: username,
    MARIADB_DATABASE: pathname.slice(1),
  };
}

export async function createMariadbDatabases(serverUrl: string): Promise<MariadbDatabases> {
  const names = {
    source: `sluice_bench_${process.pid}_source`,
    target: `sluice_bench_${process.pid}_target`,
  };
  const log = serverUrl.startsWith('mysql:') ? LOGS.mysql : LOGS.mariadb;
  for (const setting of [BUFFERS, log]) await mariadbQuery(serverUrl, `SET GLOBAL ${setting}`);
  const [source, target] = [databaseUrl(serverUrl, names.source), databaseUrl(serverUrl, names.target)];
  const fresh = async (name: string, withTable: boolean): Promise<void> => {
    await mariadbQuery(serverUrl, `DROP DATABASE IF EXISTS ${name}`);
    await mariadbQuery(serverUrl, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    if (withTable) await mariadbQuery(databaseUrl(serverUrl, name), await readFile(TABLE, 'utf8'));
  };
  return {
    source,
    target,
    fill: async (postgres, scratch) => {
      await fresh(names.source, true);
      const env = { ...process.env, SOURCE: postgres, SCRATCH: scratch, ...mariadbVariables(source) };
      await runProgram('bash', [FILL], { env });
      await mariadbQuery(source, 'ANALYZE TABLE orders');
    },
    freshSource: (withTable) => fresh(names.source, withTable),
    freshTarget: (withTable) => fresh(names.target, withTable),
    drop: async () => {
      await mariadbQuery(serverUrl, `DROP DATABASE IF EXISTS ${names.target}`);
      await mariadbQuery(serverUrl, `DROP DATABASE IF EXISTS ${names.source}`);
    },
  };
}

export async function countMariadbRows(url: string): Promise<number> {
  const [row] = await mariadbQuery(url, 'SELECT COUNT(*) FROM orders');
  return Number(row?.[0] ?? 0);
}

/** As `contentsOf` of scratch-databases, which it is not comparable with. */
export async function mariadbContents(url: string): Promise<string> {
  const cells = "id, customer_id, status, amount, created_at, IFNULL(note, '~'), payload, qty, flag, ref";
  const [row] = await mariadbQuery(
    url,
    `SELECT CONCAT(COUNT(*), ' ', SUM(CAST(CONV(LEFT(MD5(CONCAT_WS(BINARY '|', ${cells})), 12), 16, 10) AS UNSIGNED))) FROM orders`,
  );
  return row?.[0] ?? '';
}
