import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFolder } from '../support/databases.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createRuns } from '../support/transfer-runs.ts';

describeWith(['nats', 'temporal'], 'a snapshot transfer between SQLite files', () => {
  let folder: Awaited<ReturnType<typeof createFolder>>;
  let file: (name: string) => string;

  beforeAll(async () => {
    folder = await createFolder();
    file = (name) => join(folder.path, name);
  });

  afterAll(async () => {
    await folder?.remove();
  });

  test('keeps every value and its storage class', async () => {
    const values = [
      null,
      '',
      '\\N',
      'a\tb\nc\rd\be\vf\fg',
      'ends with \\',
      'NUL \0 inside',
      '🙂',
      '12',
      ' 1e5 ',
      0n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      0.1,
      5e-324,
      Number.POSITIVE_INFINITY,
      Buffer.alloc(0),
      Buffer.from('\\x00\0'),
      'x'.repeat(300_000),
    ] as const;
    const from = new BetterSqlite(file('from.db'));
    from.exec(
      'CREATE TABLE anything (name TEXT PRIMARY KEY, value) WITHOUT ROWID; CREATE TABLE loose (value TEXT, n INTEGER, r REAL, b BLOB)',
    );
    values.forEach((value, index) => {
      from.prepare('INSERT INTO anything VALUES (?, ?)').run(`value ${index}\\`, value);
      for (let twice = 0; twice < 2; twice += 1)
        from.prepare('INSERT INTO loose VALUES (?, ?, ?, ?)').run(value, value, value, value);
    });
    from.close();
    const runs = await createRuns(
      { from: `sqlite:${file('from.db')}`, to: `sqlite:${file('to.db')}`, hub: servers().natsUrl },
      {
        copy: {
          source: 'from',
          hub: 'hub',
          target: 'to',
          tables: { 'main.*': {} },
          completion: { verify: 'checksum' },
        },
      },
    );
    const report = await runs.run('copy');
    await runs.close();
    expect(report).toMatchObject({ phase: 'finished', rows: 3 * values.length, equal: 2 });
    const all = (name: string) => {
      const database = new BetterSqlite(file(name), { readonly: true });
      const read = (sql: string) => database.prepare(sql).raw().safeIntegers().all();
      const rows = [
        read('SELECT name, value, typeof(value) FROM anything ORDER BY name'),
        read('SELECT *, typeof(value), typeof(n), typeof(r), typeof(b) FROM loose ORDER BY rowid'),
      ];
      database.close();
      return rows;
    };
    expect(all('to.db')).toEqual(all('from.db'));
  });
});
