import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFolder, createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { digestSql, keylessSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type WorldOptions } from '../support/transfer-world.ts';

const MATRIX_STRUCTURE = `CREATE TABLE matrix (
  id integer PRIMARY KEY, small smallint, big bigint, exact numeric, money_like numeric(12,2), single real, double double precision,
  yes boolean, words text, short varchar(20), padded char(5), bytes bytea, day date, moment timestamp, instant timestamptz,
  clock time, zoned timetz, span interval, document json, tree jsonb, ref uuid, flags bit(3), mask varbit)`;

const MATRIX_ROWS = `INSERT INTO matrix VALUES
  (1, -32768, 9223372036854775807, 'NaN', -0.01, 'NaN', 'NaN', true, E'\\\\N', '', '', '', '0044-03-15 BC', '-infinity', 'infinity',
   '24:00:00', '23:59:59.999999-15:59', '-1 year 3 days 4.5 s', '{"a": 1.10, "a": 2}', '{"a": [1.10, "\\\\"]}', md5('1')::uuid, B'101', B''),
  (2, 32767, -9223372036854775808, 1.1000, 9999999999.99, '-Infinity', '-0', false, E'tab\\t line\\n return\\r bell\\x07 vt\\x0b ff\\x0c bs\\x08', 'äöü🙂', 'a',
   '\\x00ff5c0a09', '5874897-12-31', '294276-12-31 23:59:59.999999', '4713-01-01 00:00:00 BC', '00:00:00.000001', '00:00:00+00', '0 s',
   'null', 'null', md5('2')::uuid, B'000', B'1'),
  (3, 0, 9007199254740993, repeat('9', 300)::numeric + 0.1, 0, 1e-45, 5e-324, NULL, E'\\\\.', E'\\\\', '🙂', decode(repeat('5c', 100000), 'hex'), '2024-02-29',
   '2024-02-29 12:00:00.1', '2024-02-29 12:00:00.123456+05:30', '12:00:00', '12:00:00+05:30', 'P1Y2M3DT4H5M6.789S', '" \\u0001 "', '"🙂"', NULL, B'111', repeat('10', 100)::varbit),
  (5, 1, 1, 0.000001, 1.10, 1.1, 0.1, true, repeat('long "text", ' , 20000), 'NULL', 'x', '\\x', 'infinity', '0001-01-01 00:00:00 BC', '1970-01-01 00:00:00+00',
   '00:00:00', '00:00:00+14', '-00:00:00.000001', '[]', '[]', md5('')::uuid, B'010', B'0');
  INSERT INTO matrix (id) VALUES (4)`;

describeWith(['postgres', 'nats', 'temporal'], 'snapshot transfers with SQLite', () => {
  let source: TestDatabase;
  let back: TestDatabase;
  let folder: Awaited<ReturnType<typeof createFolder>>;
  let file: (name: string) => string;

  const run = async (
    ends: Pick<WorldOptions, 'source' | 'target'>,
    tables: WorldOptions['spec']['tables'],
  ) => {
    const world = await createWorld({
      ...ends,
      spec: {
        tables,
        read: { rowsPerRange: 5_000, blockBytes: 65_536 },
        completion: { verify: 'checksum' },
      },
    });
    world.worker();
    try {
      await world.start();
      await world.eventually('it is over or waits for a person', async () => {
        if ((await world.handle.describe()).status.name !== 'RUNNING') return true;
        return (await world.status()).health.health === 'blocked';
      });
      expect((await world.tables()).tables.filter(({ error }) => error !== null)).toEqual([]);
      return await world.result();
    } finally {
      await world.close();
    }
  };

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    back = await createPostgresDatabase(servers().postgresUrl);
    folder = await createFolder();
    file = (name) => join(folder.path, name);
    await source.query([ordersSql(20_000), keylessSql(5_000), MATRIX_STRUCTURE, MATRIX_ROWS].join(';'));
    // The tables at the end of the way back have the types of the beginning.
    await back.query([ordersSql(0), keylessSql(0), MATRIX_STRUCTURE].join(';'));
  });

  afterAll(async () => {
    await source?.drop();
    await back?.drop();
    await folder?.remove();
  });

  test('from PostgreSQL to SQLite and back keep every value of every type', async () => {
    const there = await run({ source: source.url, target: `sqlite:${file('there.db')}` }, { 'public.*': {} });
    expect(there).toMatchObject({ phase: 'finished', rows: 25_005, compared: 3, equal: 3 });
    const tables = Object.fromEntries(
      ['orders', 'events', 'matrix'].map((table) => [`main.${table}`, { to: `public.${table}` }]),
    );
    const again = await run({ source: `sqlite:${file('there.db')}`, target: back.url }, tables);
    expect(again).toMatchObject({ phase: 'finished', rows: 25_005, compared: 3, equal: 3 });
    for (const table of ['orders', 'events', 'matrix'])
      expect(await back.cell(digestSql(table)), table).toBe(await source.cell(digestSql(table)));
    expect(await back.query('SELECT m::text FROM matrix m ORDER BY id')).toEqual(
      await source.query('SELECT m::text FROM matrix m ORDER BY id'),
    );
  });

  test('from SQLite to SQLite keep every value and its storage class', async () => {
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
    const report = await run(
      { source: `sqlite:${file('from.db')}`, target: `sqlite:${file('to.db')}` },
      { 'main.*': {} },
    );
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
