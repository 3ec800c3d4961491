import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sqlite } from '../../src/databases/sqlite/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { createFolder } from '../support/databases.ts';
import { SQLITE_OPTIONS } from '../support/sqlite-harness.ts';

let folder: { path: string; remove: () => Promise<void> };
const databases: Database[] = [];

beforeEach(async () => {
  folder = await createFolder();
});
afterEach(async () => {
  await Promise.all(databases.splice(0).map((database) => database.close()));
  await folder.remove();
});

async function open(path: string, settings: Record<string, unknown> = {}): Promise<Database> {
  const database = await sqlite.open(sqlite.parseUrl(`sqlite:${path}`, settings), SQLITE_OPTIONS);
  databases.push(database);
  return database;
}

const notFound = (path: string) => ({ code: 'database.not_found', details: { where: path } });
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('a file that is missing', () => {
  test('is an error for a source, which never creates it', async () => {
    const path = join(folder.path, 'none.db');
    const database = await open(path);
    await expect(database.introspector.listTables(never())).rejects.toMatchObject(notFound(path));
    await expect(database.ping(never())).rejects.toMatchObject(notFound(path));
    await expect(database.incarnation(never())).rejects.toMatchObject(notFound(path));
    expect(await exists(path)).toBe(false);
  });

  test('has no tables for a target, whose ledger creates it in WAL mode', async () => {
    const path = join(folder.path, 'none.db');
    const database = await open(path);
    expect(await database.introspector.describeTables([{ schema: 'main', name: 't' }], never())).toEqual([]);
    expect(await exists(path)).toBe(false);
    await database.ledger.install(never());
    expect(await database.introspector.listTables(never())).toEqual([]);
    expect(await database.incarnation(never())).toMatch(/^uuid:[0-9a-f-]{36}$/);
    expect(await exists(`${path}-wal`)).toBe(true);
  });

  test('counts as empty where the settings say so, and is refused where they forbid it', async () => {
    const path = join(folder.path, 'none.db');
    await expect(open(path, { create: false })).rejects.toMatchObject(notFound(path));
    const database = await open(path, { create: true });
    expect(await database.introspector.listTables(never())).toEqual([]);
    expect(await database.ping(never())).toMatch(/^SQLite 3\.\d+/);
  });

  test('in a folder that is missing cannot be opened', async () => {
    const path = join(folder.path, 'no', 'none.db');
    await expect(open(path)).rejects.toMatchObject(notFound(path));
  });
});

test('a file that is no database, and a folder, are refused as such', async () => {
  const path = join(folder.path, 'text.db');
  await writeFile(
    path,
    'this is a text and no database, long enough to have a header of a hundred bytes. '.repeat(3),
  );
  await expect(open(path)).rejects.toMatchObject({
    code: 'database.not_found',
    message: expect.stringContaining('no SQLite database'),
    details: { where: path, vendorCode: 'SQLITE_NOTADB' },
  });
  const directory = join(folder.path, 'directory.db');
  await mkdir(directory);
  await expect(open(directory)).rejects.toMatchObject({ code: 'database.not_found' });
});

test.skipIf(process.getuid?.() === 0)(
  'a target without write permission is refused by its ledger',
  async () => {
    const path = join(folder.path, 'readonly.db');
    const first = await open(path);
    await first.ledger.install(never());
    await first.close();
    await chmod(path, 0o400);
    const database = await open(path);
    await expect(database.ledger.install(never())).rejects.toMatchObject({
      code: 'database.permission_denied',
    });
  },
);

test('an odd path is opened as it is written', async () => {
  const path = join(folder.path, 'it\'s 100% #1 & "odd" 🙂.db');
  const database = await open(path);
  await database.ledger.install(never());
  expect(await exists(path)).toBe(true);
});

test('a closed database says so', async () => {
  const database = await open(join(folder.path, 'x.db'), { create: true });
  await database.close();
  await expect(database.ping(never())).rejects.toMatchObject({ code: 'database.internal' });
  await database.close();
});
