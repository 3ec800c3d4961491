import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A name that no other test has: for databases, transfers and task queues. */
export const uniqueName = (prefix: string): string => `${prefix}_${randomBytes(5).toString('hex')}`;

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Rows as arrays of PostgreSQL's own texts. */
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  /** The first cell of the first row. */
  cell(sql: string): Promise<string | null>;
  drop(): Promise<void>;
}

const asText = { getTypeParser: () => (text: string) => text };

async function once(url: string, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query<(string | null)[]>({
      text: sql,
      rowMode: 'array',
      types: asText,
    });
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last.rows as (string | null)[][];
  } finally {
    await client.end();
  }
}

/** Ends its sessions and removes it; `WITH (FORCE)` would do both from PostgreSQL 13 on. */
export async function dropPostgresDatabase(serverUrl: string, name: string): Promise<void> {
  // One after the other: who connects before the first is committed is among those that the second finds.
  await once(serverUrl, `UPDATE pg_database SET datallowconn = false WHERE datname = '${name}'`);
  await once(serverUrl, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  await once(serverUrl, `DROP DATABASE IF EXISTS "${name}"`);
}

/** A database of this test alone on the server of the URL. */
export async function createPostgresDatabase(
  serverUrl: string,
  prefix = 'sluice_test',
): Promise<TestDatabase> {
  const name = uniqueName(prefix);
  await once(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const query = (sql: string) => once(url.href, sql);
  return {
    name,
    url: url.href,
    query,
    cell: async (sql) => (await query(sql))[0]?.[0] ?? null,
    drop: () => dropPostgresDatabase(serverUrl, name),
  };
}

/** A folder of this test alone. */
export async function createFolder(
  prefix = 'sluice-test-',
): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
