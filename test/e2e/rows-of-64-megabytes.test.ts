import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

const MEBIBYTE = 1024 * 1024;
const SIZE = 64 * MEBIBYTE;
/** What the worker's whole process may have held at most: see docs/how-to/run-workers.md. */
const MOST_MEMORY = 1_536 * MEBIBYTE;

/** A large row among small ones; random bytes, so that nothing on the way makes them fewer. */
const LARGE_SQL = `CREATE TABLE documents (id integer PRIMARY KEY, body bytea NOT NULL);
  INSERT INTO documents SELECT 100 + i, convert_to('small ' || i, 'UTF8') FROM generate_series(1, 50) AS i;
  INSERT INTO documents VALUES (25, (SELECT string_agg(sha512(i::text::bytea), '') FROM generate_series(1, ${SIZE / 64}) AS i))`;

const SPEC = {
  tables: { 'public.documents': {} },
  completion: { verify: 'count', gracePeriod: '1s' },
} as const;

async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

describeWith(['postgres', 'nats', 'kafka', 'temporal'], 'rows of 64 MB', () => {
  let source: TestDatabase;
  let digests: Readonly<Record<string, string>>;
  let world: TransferWorld;
  const leave: (() => Promise<void>)[] = [];
  const digestsOf = async (database: TestDatabase) =>
    Object.fromEntries(
      (await database.query('SELECT id, md5(body) FROM documents ORDER BY id')).map(([id, md5]) => [id, md5]),
    ) as Readonly<Record<string, string>>;

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    await source.query(LARGE_SQL);
    digests = await digestsOf(source);
  });
  afterEach(async () => {
    await world?.close();
    for (const clean of leave.splice(0)) await clean();
  });
  afterAll(() => source?.drop());

  /** Copies into the URL; the worker's memory stays below its bound. */
  const copy = async (target: string, hub?: string): Promise<void> => {
    world = await createWorld({ source: source.url, target, ...(hub && { hub }), spec: SPEC });
    const worker = world.worker();
    await world.start();
    expect(await world.result()).toMatchObject({ phase: 'finished', rows: 51, compared: 1, equal: 1 });
    expect(await peakBytes(worker.pid)).toBeLessThan(MOST_MEMORY);
  };

  test.each(['NATS', 'Kafka'])('arrive in PostgreSQL through %s', async (hub) => {
    const target = await createPostgresDatabase(servers().postgresUrl);
    leave.push(() => target.drop());
    await copy(target.url, hub === 'Kafka' ? servers().kafkaUrl : undefined);
    expect(await digestsOf(target)).toEqual(digests);
  });

  test.each(['NATS', 'Kafka'])('arrive in SQLite through %s', async (hub) => {
    const folder = await createFolder();
    leave.push(() => folder.remove());
    const path = join(folder.path, 'target.db');
    await copy(`sqlite:${path}`, hub === 'Kafka' ? servers().kafkaUrl : undefined);
    const database = new BetterSqlite(path, { readonly: true });
    try {
      const rows = database.prepare<[], [number, Buffer]>('SELECT id, body FROM documents').raw().iterate();
      const found: Record<string, string> = {};
      for (const [id, body] of rows) found[String(id)] = createHash('md5').update(body).digest('hex');
      expect(found).toEqual(digests);
    } finally {
      database.close();
    }
  });
});
