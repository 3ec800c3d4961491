import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { TABLE, TABLE_ROWS, type TopicSource } from './source.ts';

const LOAD = fileURLToPath(new URL('sqlite-load.ts', import.meta.url));
const CREATE = `
  CREATE TABLE ${TABLE} (id INTEGER PRIMARY KEY, status TEXT NOT NULL, amount NUMERIC NOT NULL, at TEXT NOT NULL, note TEXT, sent_us INTEGER);
  INSERT INTO ${TABLE} WITH RECURSIVE seq(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM seq WHERE i < ${TABLE_ROWS})
    SELECT i, 'new', i / 100.0, datetime('2024-01-01', i || ' seconds'), '8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d', 0 FROM seq`;

export async function openSqlite(): Promise<TopicSource> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const file = join(folder, 'application.db');
  const database = new Database(file);
  database.pragma('journal_mode = wal');
  database.exec(CREATE);
  database.close();
  return {
    name: 'sqlite',
    title: 'SQLite',
    url: `sqlite:${file}`,
    change: async (rows) => {
      const env = { ...process.env, FILE: file, ROWS: String(rows) };
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', LOAD], { env });
      return Number(stdout);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
