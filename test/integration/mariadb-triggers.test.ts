import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CapturedTableSpec } from '../../src/model/capture-spec.ts';
import { never } from '../contract/test-tables.ts';
import { type MariadbChanges, mariadbChanges, openWriter } from '../support/mariadb-changes.ts';
import { describeProducts } from '../support/describe-products.ts';

describeProducts('triggers', (product) => {
  let source: MariadbChanges;
  beforeEach(async () => {
    source = await mariadbChanges(product);
  });
  afterEach(() => source.drop());

  /** What was recorded since the last time, as `U {"id": 1} {old} {new}`. */
  const recorded = async (): Promise<readonly string[]> => {
    const rows = await source.query(
      'SELECT operation, message_key, old_row, new_row FROM sluice_event_logs ORDER BY id',
    );
    await source.execute('DELETE FROM sluice_event_logs');
    return rows.map((cells) => cells.filter((cell) => cell !== null).join(' '));
  };
  const capture = async (create: string, spec: CapturedTableSpec = {}): Promise<void> => {
    await source.execute(create);
    await source.deploy({ t: spec });
  };

  test('record each operation with old and new row, time, user and session', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, name varchar(20))');
    await source.execute(
      `INSERT INTO t VALUES (1, 'a'), (2, 'b'); UPDATE t SET name = 'c' WHERE id = 2; DELETE FROM t WHERE id = 1`,
    );
    const [[at, user, session] = []] = await source.query(
      `SELECT recorded_at > UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE, db_user, transaction_id FROM sluice_event_logs LIMIT 1`,
    );
    expect([at, user]).toEqual(['1', expect.stringMatching(/^root@/)]);
    // MariaDB tells of a statement that it is a transaction; MySQL tells of none.
    expect(session).toMatch(product === 'mariadb' ? /^\d+\/\d{4}-/ : /^\d+$/);
    expect(await recorded()).toEqual([
      'I {"id": 1} {"id": 1, "name": "a"}',
      'I {"id": 2} {"id": 2, "name": "b"}',
      'U {"id": 2} {"id": 2, "name": "b"} {"id": 2, "name": "c"}',
      'D {"id": 1} {"id": 1, "name": "a"}',
    ]);
  });

  test('record what REPLACE, ON DUPLICATE KEY UPDATE and INSERT IGNORE do', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, n int UNIQUE)');
    await source.execute(`INSERT INTO t VALUES (1, 1), (2, 2); REPLACE INTO t VALUES (1, 2);
      INSERT INTO t VALUES (1, 9) ON DUPLICATE KEY UPDATE n = 3; INSERT IGNORE INTO t VALUES (1, 5)`);
    expect(await recorded()).toEqual([
      'I {"id": 1} {"id": 1, "n": 1}',
      'I {"id": 2} {"id": 2, "n": 2}',
      'D {"id": 1} {"id": 1, "n": 1}',
      'D {"id": 2} {"id": 2, "n": 2}',
      'I {"id": 1} {"id": 1, "n": 2}',
      'U {"id": 1} {"id": 1, "n": 2} {"id": 1, "n": 3}',
    ]);
  });

  test('record nothing of a row that UPDATE IGNORE leaves as it was, for a key refuses it', async () => {
    await source.execute('CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1), (2)');
    await capture(
      'CREATE TABLE t (id int PRIMARY KEY, n int UNIQUE, p int, FOREIGN KEY (p) REFERENCES p (id), word varchar(9))',
    );
    await source.execute("INSERT INTO t VALUES (1, 1, 1, 'a'), (2, 2, 2, 'b'), (5, 5, 2, 'c')");
    await recorded();
    await source.execute(`UPDATE IGNORE t SET id = 2 WHERE id = 1; UPDATE IGNORE t SET n = 2, word = 'x' WHERE id = 1;
      UPDATE IGNORE t SET p = 9 WHERE id = 1; UPDATE IGNORE t SET id = 2, n = 2 WHERE id = 1`);
    expect(await recorded()).toEqual([]);
    // All but the middle one move on.
    await source.execute('UPDATE IGNORE t SET id = id + 3, n = n + 3 ORDER BY id');
    expect(await source.query('SELECT id, n FROM t ORDER BY id')).toEqual([
      ['2', '2'],
      ['4', '4'],
      ['8', '8'],
    ]);
    expect((await recorded()).map((each) => each.replace(/ {.*/, ''))).toEqual(['D', 'I', 'D', 'I']);
  });

  test.for(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])(
    'record every update of a key, of its case too, in any isolation (%s)',
    async (level) => {
      await capture('CREATE TABLE t (id varchar(9) COLLATE utf8mb4_general_ci PRIMARY KEY, n int UNIQUE)');
      await source.execute("INSERT INTO t VALUES ('a', 1), ('b', 2)");
      await recorded();
      await source.execute(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}; UPDATE t SET id = 'A' WHERE n = 1;
        UPDATE t SET id = 'c' WHERE n = 1; UPDATE t SET n = 7 WHERE id = 'c'; LOCK TABLES t WRITE; UPDATE t SET id = 'd', n = 8 WHERE id = 'c'; UNLOCK TABLES;
        BEGIN; UPDATE t SET n = n + 10 ORDER BY n DESC; UPDATE t SET id = CONCAT(id, '1'); COMMIT`);
      expect((await recorded()).map((each) => each.replace(/^(\w) .*("n": \d+)}$/, '$1 $2'))).toEqual([
        'D "n": 1',
        'I "n": 1',
        'D "n": 1',
        'I "n": 1',
        'U "n": 7',
        'D "n": 7',
        'I "n": 8',
        'U "n": 18',
        'U "n": 12',
        'D "n": 12',
        'I "n": 12',
        'D "n": 18',
        'I "n": 18',
      ]);
    },
  );

  test('are silent where nothing that is recorded changes, and see every letter that does', async () => {
    await capture(
      `CREATE TABLE t (id int PRIMARY KEY, name varchar(20) COLLATE utf8mb4_general_ci, f float, d double, at timestamp(6) NULL, ignored int)`,
      { columns: { exclude: ['ignored'] } },
    );
    await source.execute(`INSERT INTO t VALUES (1, 'a', 16777216, 0, NULL, 0)`);
    await recorded();
    const changed = async (set: string): Promise<number> => {
      await source.execute(`SET sql_mode = ''; UPDATE t SET ${set}`);
      return (await recorded()).length;
    };
    expect(await changed('ignored = 1')).toBe(0);
    expect(await changed(`name = 'a'`)).toBe(0);
    for (const set of [
      `name = 'A'`,
      `name = 'A '`,
      `name = 'Ä '`,
      'f = 16777218',
      'd = 5e-324',
      'at = 0',
      'at = NULL',
    ])
      expect([set, await changed(set)]).toEqual([set, 1]);
  });

  test('record a row that comes into the filter as inserted, one that leaves it as deleted, one outside not at all', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, state varchar(9), n int)', {
      where: `state = "open" AND n > 0`,
    });
    await source.execute(`INSERT INTO t VALUES (1, 'open', 1), (2, 'shut', 1), (3, 'open', NULL);
      UPDATE t SET n = n + 1; UPDATE t SET state = 'open' WHERE id = 2; UPDATE t SET state = NULL WHERE id = 1; DELETE FROM t`);
    expect(await recorded()).toEqual([
      'I {"id": 1} {"id": 1, "state": "open", "n": 1}',
      'U {"id": 1} {"id": 1, "state": "open", "n": 1} {"id": 1, "state": "open", "n": 2}',
      'I {"id": 2} {"id": 2, "state": "open", "n": 2}',
      'D {"id": 1} {"id": 1, "state": "open", "n": 2}',
      'D {"id": 2} {"id": 2, "state": "open", "n": 2}',
    ]);
  });

  test('see a row leave the filter by a column that is not recorded', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, a int, hidden int)', {
      where: 'hidden = 0',
      columns: { exclude: ['hidden'] },
    });
    await source.execute(
      'INSERT INTO t VALUES (1, 1, 0); UPDATE t SET hidden = 1; UPDATE t SET hidden = 2; UPDATE t SET hidden = 0',
    );
    expect(await recorded()).toEqual([
      'I {"id": 1} {"id": 1, "a": 1}',
      'D {"id": 1} {"id": 1, "a": 1}',
      'I {"id": 1} {"id": 1, "a": 1}',
    ]);
  });

  test('record another key as a delete and an insert, in an order that can be followed', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, v char(1))');
    await source.execute(`INSERT INTO t VALUES (1, 'a'), (2, 'b')`);
    await recorded();
    await source.execute('UPDATE t SET id = id + 1 ORDER BY id DESC');
    expect(await recorded()).toEqual([
      'D {"id": 2} {"id": 2, "v": "b"}',
      'I {"id": 3} {"id": 3, "v": "b"}',
      'D {"id": 1} {"id": 1, "v": "a"}',
      'I {"id": 2} {"id": 2, "v": "a"}',
    ]);
  });

  describe('record what the specification asks for', () => {
    const TABLE =
      'CREATE TABLE t (id int, line int, price decimal(9,2), name varchar(20), PRIMARY KEY (id, line))';
    const INSERT = `INSERT INTO t VALUES (1, 2, 1.50, 'x"y')`;
    test.each<readonly [string, CapturedTableSpec, string]>([
      [
        'columns',
        { columns: { include: ['n*'] } },
        'I {"id": 1, "line": 2} {"id": 1, "line": 2, "name": "x\\"y"}',
      ],
      ['the key alone', { payload: 'key' }, 'I {"id": 1, "line": 2} {"id": 1, "line": 2}'],
      [
        'expressions',
        {
          payload: 'key',
          expressions: {
            total: 'price * line',
            'what "': `CONCAT(name, ' - ', UPPER(\`name\`))`,
            gone: 'NULLIF(1, 1)',
          },
        },
        'I {"id": 1, "line": 2} {"id": 1, "line": 2, "total": 3.00, "what \\"": "x\\"y - X\\"Y", "gone": null}',
      ],
      ['no key', { payload: 'key', key: 'none' }, 'I {"id": 1, "line": 2}'],
      ['a fixed key', { payload: 'key', key: { fixed: "it's" } }, `I it's {"id": 1, "line": 2}`],
      [
        'a key of its own',
        { payload: 'key', key: { expression: `CONCAT_WS('/', id, name)` } },
        'I 1/x"y {"id": 1, "line": 2}',
      ],
    ])('%s', async (_, spec, expected) => {
      await capture(TABLE, spec);
      await source.execute(INSERT);
      expect(await recorded()).toEqual([expected]);
    });

    test('and no operation beside', async () => {
      await capture(TABLE, { operations: ['delete', 'insert'] });
      await source.execute(`${INSERT}; UPDATE t SET name = 'z'; DELETE FROM t`);
      expect((await recorded()).map((event) => event[0])).toEqual(['I', 'D']);
    });

    test('the session as the key, for all events of a transaction', async () => {
      await capture(TABLE, { key: 'transaction' });
      await source.execute(`BEGIN; ${INSERT}; UPDATE t SET name = 'z'; COMMIT`);
      const keys = (await recorded()).map((event) => event.split(' ')[1]);
      expect(keys[0]).toMatch(product === 'mariadb' ? /^\d+\/$/ : /^\d+$/);
      expect(keys[1]).toBe(keys[0]);
    });
  });

  test('never fail a statement by what a user asked for', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, n bigint unsigned, s varchar(20))', {
      where: 'n * n * n > 1 OR s / 0 > 1',
      expressions: { square: 'n * n', less: 'id - n', date: `CAST(s AS DATE)` },
    });
    await source.execute(
      `SET sql_mode = 'TRADITIONAL'; INSERT INTO t VALUES (1, 18446744073709551615, 'no date')`,
    );
    expect(await recorded()).toEqual([
      `I {"id": 1} {"id": 1, "n": 18446744073709551615, "s": "no date", "square": null, "less": null, "date": null}`,
    ]);
  });

  test('record values of any size, and say of what they cannot that it is too large', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, a longtext, b longblob)');
    const [[packet] = []] = await source.query('SELECT @@max_allowed_packet');
    const half = Math.ceil(Number(packet) / 2);
    await source.execute(
      `INSERT INTO t VALUES (1, REPEAT('\\"\\n', 100000), NULL), (2, 'x', REPEAT('b', ${half})), (3, REPEAT('x', ${half + 10}), REPEAT('b', ${half / 2}))`,
    );
    const rows = await source.query(
      'SELECT JSON_VALID(new_row), LENGTH(new_row), IF(LENGTH(new_row) < 100, new_row, NULL) FROM sluice_event_logs ORDER BY id',
    );
    expect(rows).toEqual([
      ['1', String('{"id": 1, "a": "", "b": null}'.length + 400_000), null],
      ['1', '23', '{"id": 2, "sluice": {}}'],
      ['1', '23', '{"id": 3, "sluice": {}}'],
    ]);
  });

  test('fail no statement when a column that they name is gone: what they record then says so', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY, a int, gone int)');
    await source.execute(
      'ALTER TABLE t DROP COLUMN gone; INSERT INTO t VALUES (1, 1); UPDATE t SET a = 2; DELETE FROM t',
    );
    expect(await recorded()).toEqual([
      'I {"sluice": "not recorded"}',
      'U {"sluice": "not recorded"} {"sluice": "not recorded"}',
      'D {"sluice": "not recorded"}',
    ]);
    await source.deploy({ t: {} });
    await source.execute('INSERT INTO t VALUES (1, 1)');
    expect(await recorded()).toEqual(['I {"id": 1} {"id": 1, "a": 1}']);
  });

  test('take names of any letters', async () => {
    const name = `Mixed "Case" 'x' é; -- ${'long'.repeat(8)}`;
    const columns = ['semi;colon --', `it's "x" \\n`, 'select', '?'];
    const quoted = columns.map((each) => `\`${each}\``);
    await source.execute(
      `CREATE TABLE \`${name}\` (${quoted.map((each) => `${each} varchar(9)`).join(', ')}, PRIMARY KEY (${quoted[0]}))`,
    );
    await source.deploy({ [name]: { where: `${quoted[2]} <> "it's" AND ${quoted[3]} = '?'` } });
    await source.execute(`INSERT INTO \`${name}\` VALUES ('a', 'b', 'c', '?'), ('d', 'e', 'it''s', '?')`);
    const events = await source.query('SELECT message_key, new_row FROM sluice_event_logs');
    const row = Object.fromEntries(columns.map((each, at) => [each, ['a', 'b', 'c', '?'][at]]));
    expect(events.map((cells) => cells.map((cell): unknown => JSON.parse(cell!)))).toEqual([
      [{ [columns[0]!]: 'a' }, row],
    ]);
  });

  test('write what commits alone', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY)');
    await source.execute(
      'BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s; COMMIT',
    );
    await expect(source.execute('INSERT INTO t VALUES (3), (1)')).rejects.toThrow(/Duplicate/);
    expect(await recorded()).toEqual(['I {"id": 1} {"id": 1}']);
  });

  test('leave the application its last id, and fire for a user who has no right on what is ours', async () => {
    await source.execute('CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int)');
    await source.execute('INSERT INTO t VALUES (41, 0)');
    await source.deploy({ t: {} });
    const user = `${source.place.name.slice(-8)}_app`;
    await source.execute(
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'p'; GRANT SELECT, INSERT, UPDATE, DELETE ON ${source.place.name}.t TO '${user}'@'%'`,
    );
    const url = new URL(source.place.url);
    Object.assign(url, { username: user, password: 'p' });
    const app = await openWriter(url.href);
    try {
      await app.execute('INSERT INTO t (v) VALUES (1); UPDATE t SET v = LAST_INSERT_ID() WHERE id = 42');
      await expect(app.execute('SELECT * FROM sluice_event_logs')).rejects.toThrow(/denied/);
    } finally {
      await app.close();
      await source.execute(`DROP USER '${user}'@'%'`);
    }
    const events = await source.query('SELECT new_row, db_user FROM sluice_event_logs ORDER BY id');
    expect(events.map(([row]) => row)).toEqual(['{"id": 42, "v": 1}', '{"id": 42, "v": 42}']);
    expect(events[0]![1]).toMatch(new RegExp(`^${user}@`));
  });

  test.each([
    ['where', { where: '1 = 1); DELETE FROM t WHERE (1 = 1' }],
    ['where', { where: 'id = 1 -- x' }],
    ['where', { where: 'id IN (SELECT id FROM t)' }],
    ['where', { where: 'gone = 1' }],
    ['where', { where: 'COUNT(id) > 1' }],
    ['where', { where: '@x := id' }],
    ['where', { where: 't.id = 1' }],
    ['where', { where: 'own(id) = 1' }],
    ['key', { key: { expression: 'id, id' } }],
    ['key', { key: { expression: 'UUID()' } }],
    ['expressions.x', { expressions: { x: 'nothing(id)' } }],
    ['expressions.x', { expressions: { x: "'open" } }],
  ] as const)('refuse %s with %j', async (where, spec) => {
    await source.execute(`CREATE TABLE t (id int PRIMARY KEY);
      CREATE FUNCTION own(n int) RETURNS int DETERMINISTIC RETURN n`);
    const planning = source.triggers.plan(await source.tables({ t: spec }), never());
    await expect(planning).rejects.toMatchObject({
      code: 'capture.condition_invalid',
      details: { where, table: `${source.place.name}.t` },
    });
    expect(await source.query('SHOW TRIGGERS')).toEqual([]);
  });
});
