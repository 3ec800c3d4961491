import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFolder } from '../support/databases.ts';

const run = promisify(execFile);
const START_THREAD = new URL('../../src/databases/sqlite/connections/start-thread.ts', import.meta.url).href;

/** In a process of its own: what goes wrong takes the process with it. */
const PROGRAM = `
  import { startThread } from ${JSON.stringify(START_THREAD)};
  const [path] = process.argv.slice(2);
  const leaving = new AbortController();
  const opening = startThread({ path, mode: 'read', busyTimeoutMs: 1000 }, leaving.signal);
  setTimeout(() => leaving.abort(new Error('left')), 500);
  await opening.then(() => console.log('open'), (error) => console.log(error.message));
`;

describe('a thread of SQLite', () => {
  let folder: Awaited<ReturnType<typeof createFolder>>;
  beforeEach(async () => {
    folder = await createFolder();
  });
  afterEach(() => folder.remove());

  test('that is given up while it waits for a lock ends without its process', async () => {
    const path = join(folder.path, 'locked.db');
    const stranger = new BetterSqlite(path);
    stranger.exec('CREATE TABLE t (id integer PRIMARY KEY); BEGIN EXCLUSIVE');
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const program = join(folder.path, 'program.mjs');
    await writeFile(program, PROGRAM);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', program, path], { cwd });
    stranger.close();
    expect(stdout.trim()).toBe('left');
  });
});
