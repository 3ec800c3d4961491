import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';

/** Files of SQL beside this one. */
export type SqlFile =
  | 'orders.sql'
  | 'orders-table.sql'
  | 'wide.sql'
  | 'wide-table.sql'
  | 'pages.sql'
  | 'pages-table.sql';

const pathOf = (file: SqlFile): string => fileURLToPath(new URL(file, import.meta.url));

/** The URL of another database of the same server. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs one statement on a connection of its own. @returns its rows, cells as text */
export async function query(url: string, sql: string): Promise<readonly (readonly string[])[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows.map((row) => row.map(String));
  } finally {
    await client.end();
  }
}

export async function runSqlFile(url: string, file: SqlFile, rows: number): Promise<void> {
  const args = ['-Xq', '-v', 'ON_ERROR_STOP=1', '-v', `rows=${rows}`, '-f', pathOf(file), url];
  await runProgram('psql', args);
}

/** A PostgreSQL server with a database for the source and one, made anew for every run, for the target. */
export interface ScratchDatabases {
  readonly source: string;
  readonly target: string;
  /** An empty target, with the table of `file` when it is given. All is on disk afterwards, so that no run pays for the one before. */
  freshTarget(file: SqlFile | null): Promise<void>;
  drop(): Promise<void>;
}

/** Names hold the process, so that two benchmarks on one server do not meet. */
export async function createScratchDatabases(serverUrl: string): Promise<ScratchDatabases> {
  const names = {
    source: `sluice_bench_${process.pid}_source`,
    target: `sluice_bench_${process.pid}_target`,
  };
  const drop = (name: string) => query(serverUrl, `drop database if exists ${name} with (force)`);
  const create = (name: string) => query(serverUrl, `create database ${name} template template0`);
  await create(names.source);
  const target = databaseUrl(serverUrl, names.target);
  return {
    source: databaseUrl(serverUrl, names.source),
    target,
    freshTarget: async (file) => {
      await drop(names.target);
      await create(names.target);
      if (file) await runSqlFile(target, file, 0);
      await query(serverUrl, 'checkpoint');
    },
    drop: async () => {
      await drop(names.target);
      await drop(names.source);
    },
  };
}

export async function countRows(url: string, table: string): Promise<number> {
  const [row] = await query(url, `select count(*) from ${table}`);
  return Number(row?.[0] ?? 0);
}

export async function tableBytes(url: string, table: string): Promise<number> {
  const [row] = await query(url, `select pg_table_size('${table}')`);
  return Number(row?.[0] ?? 0);
}

/** A text that differs when any value of any row differs, whatever the order of the rows. */
export async function contentsOf(url: string, table: string): Promise<string> {
  const sum = `sum(hashtextextended(t::text, 0)::numeric)`;
  const [row] = await query(url, `select count(*) || ' ' || coalesce(${sum}, 0) from ${table} as t`);
  return row?.[0] ?? '';
}
