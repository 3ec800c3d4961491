import BetterSqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CapturedTableSpec } from '../../src/model/capture-spec.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import type { TriggerManager } from '../../src/engine/ports/trigger-manager.ts';
import { startThread } from '../../src/databases/sqlite/connections/start-thread.ts';
import { never } from '../contract/test-tables.ts';
import { captureOf, deployTable, followTables, toCapture } from '../support/sqlite-changes.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

let place: SqlitePlace;
let source: Database;
let triggers: TriggerManager;
let application: BetterSqlite.Database;
let made = 0;

beforeAll(async () => {
  place = await sqlitePlace();
  source = await place.open();
  triggers = captureOf(source).triggers;
  application = new BetterSqlite(place.path, { timeout: 20_000 });
});
afterAll(async () => {
  application.close();
  await place.drop();
});

const COLUMNS = 'id INTEGER PRIMARY KEY, name TEXT, n INT, note TEXT';

/** A table of its own, captured. @returns its name, and what runs a statement on it and tells its events */
async function capture(spec: CapturedTableSpec = {}, columns = COLUMNS, suffix = '') {
  const name = `t${(made += 1)}`;
  application.exec(`CREATE TABLE ${name} (${columns})${suffix}`);
  const take = await followTables(source, [await deployTable(source, name, spec)]);
  const run = async (sql: string): Promise<readonly string[]> => {
    application.exec(sql.replaceAll(/\bt\b/g, name));
    return (await take()).map(({ operation, old, new: row }) =>
      [operation, ...(old === null ? [] : [old]), ...(row === null ? [] : [row])].join(' '),
    );
  };
  return { name, take, run };
}

describe('what is recorded', () => {
  test('an update of the key is a deletion of the old and an insertion of the new one, in any order of rows', async () => {
    const { run } = await capture({}, 'id INTEGER PRIMARY KEY');
    await run('INSERT INTO t VALUES (1), (2), (3)');
    expect(await run('UPDATE t SET id = id - 1')).toEqual([
      'D {"id": 1}',
      'I {"id": 0}',
      'D {"id": 2}',
      'I {"id": 1}',
      'D {"id": 3}',
      'I {"id": 2}',
    ]);
  });

  test('an update that changes nothing that is recorded is silent, and one of a storage class is not', async () => {
    const { run } = await capture(
      { columns: { exclude: ['no*'] } },
      'id INTEGER PRIMARY KEY, v, name TEXT COLLATE NOCASE, note',
    );
    await run(`INSERT INTO t VALUES (1, 1, 'a', 'x')`);
    expect(await run(`UPDATE t SET note = 'y', v = 1`)).toEqual([]);
    expect(await run('UPDATE t SET v = 1.0')).toEqual([
      'U {"id": 1, "v": "i1", "name": "a"} {"id": 1, "v": "r1", "name": "a"}',
    ]);
    expect(await run(`UPDATE t SET name = 'A'`)).toHaveLength(1);
    expect(await run(`UPDATE t SET v = NULL`)).toHaveLength(1);
    expect(await run(`UPDATE t SET v = NULL`)).toEqual([]);
  });

  test('a condition is true, false or unknown of the old and of the new row', async () => {
    const { run } = await capture({ where: 'n > 5' }, 'id INTEGER PRIMARY KEY, n INT');
    expect(await run('INSERT INTO t VALUES (1, 9), (2, 1), (3, NULL)')).toEqual(['I {"id": 1, "n": 9}']);
    expect(await run('UPDATE t SET n = 8 WHERE id = 1')).toEqual(['U {"id": 1, "n": 9} {"id": 1, "n": 8}']);
    expect(await run('UPDATE t SET n = NULL WHERE id = 1')).toEqual(['D {"id": 1, "n": 8}']);
    expect(await run('UPDATE t SET n = 2 WHERE id = 1')).toEqual([]);
    expect(await run('UPDATE t SET n = 7 WHERE id = 1')).toEqual(['I {"id": 1, "n": 7}']);
    expect(await run('UPDATE t SET id = 11 WHERE id = 1')).toEqual([
      'D {"id": 1, "n": 7}',
      'I {"id": 11, "n": 7}',
    ]);
    expect(await run('DELETE FROM t')).toEqual(['D {"id": 11, "n": 7}']);
  });

  test('a condition compares as its table does, of old rows too', async () => {
    const { run } = await capture(
      { where: `name = 7 AND n = '5'` },
      'id INTEGER PRIMARY KEY, name TEXT, n INT',
    );
    expect(await run(`INSERT INTO t VALUES (1, '7', 5)`)).toHaveLength(1);
    expect(await run('UPDATE t SET n = 6')).toEqual(['D {"id": 1, "name": "7", "n": 5}']);
    expect(await run('UPDATE t SET n = 5')).toHaveLength(1);
    expect(await run('DELETE FROM t')).toHaveLength(1);
  });

  test('expressions and keys of the new row, and of the old one where there is no other', async () => {
    const { name, take } = await capture({
      columns: { include: ['n'] },
      expressions: { 'up"per': 'upper(name)', twice: 'n * 2.5' },
      key: { expression: `name || '/' || n` },
    });
    application.exec(
      `INSERT INTO ${name} VALUES (1, 'a', 2, NULL); UPDATE ${name} SET n = 3, name = 'b'; DELETE FROM ${name}`,
    );
    expect((await take()).map(({ key, old, new: row }) => [key, old, row])).toEqual([
      ['a/2', null, '{"id": 1, "n": 2, "up\\"per": "A", "twice": 5}'],
      [
        'b/3',
        '{"id": 1, "n": 2, "up\\"per": "A", "twice": 5}',
        '{"id": 1, "n": 3, "up\\"per": "B", "twice": 7.5}',
      ],
      ['b/3', '{"id": 1, "n": 3, "up\\"per": "B", "twice": 7.5}', null],
    ]);
  });

  test.each<[CapturedTableSpec['key'], string | null]>([
    ['primary', '{"id": 1}'],
    ['none', null],
    [{ fixed: 'all\tof\\them' }, 'all\tof\\them'],
    [{ expression: 'n' }, '2'],
  ])('the key of a message: %j', async (key, expected) => {
    const { name, take } = await capture({ key: key! });
    application.exec(`INSERT INTO ${name} (id, n) VALUES (1, 2)`);
    expect((await take())[0]!.key).toBe(expected);
  });

  test('the primary key alone, and some operations', async () => {
    const { run } = await capture({ payload: 'key', operations: ['insert', 'delete'] });
    expect(await run(`INSERT INTO t VALUES (1, 'a', 1, 'b')`)).toEqual(['I {"id": 1}']);
    expect(await run('UPDATE t SET n = 2')).toEqual([]);
    expect(await run('DELETE FROM t')).toEqual(['D {"id": 1}']);
  });

  test('what foreign keys do to other rows', async () => {
    application.pragma('foreign_keys = ON');
    const parent = await capture({}, 'id INTEGER PRIMARY KEY');
    const child = await capture(
      {},
      `id INTEGER PRIMARY KEY, p INT REFERENCES ${parent.name} ON DELETE CASCADE ON UPDATE CASCADE`,
    );
    application.exec(`INSERT INTO ${parent.name} VALUES (1), (2)`);
    expect(await child.run('INSERT INTO t VALUES (10, 1), (20, 2)')).toHaveLength(2);
    application.exec(
      `UPDATE ${parent.name} SET id = 3 WHERE id = 1; DELETE FROM ${parent.name} WHERE id = 2`,
    );
    expect(await child.run('SELECT 1')).toEqual([
      'U {"id": 10, "p": 1} {"id": 10, "p": 3}',
      'D {"id": 20, "p": 2}',
    ]);
  });

  test.each([true, false])(
    'what other triggers make of a row is its last state (made before ours: %s)',
    async (before) => {
      const columns = 'id INTEGER PRIMARY KEY, n INT';
      const name = `t${(made += 1)}`;
      const theirs = `CREATE TRIGGER other_${name} AFTER INSERT ON ${name} BEGIN UPDATE ${name} SET n = n + 1 WHERE id = NEW.id; DELETE FROM ${name} WHERE id = 2; INSERT OR IGNORE INTO ${name} VALUES (2, 0); END`;
      application.exec(`CREATE TABLE ${name} (${columns}); ${before ? theirs : ''}`);
      const take = await followTables(source, [await deployTable(source, name)]);
      if (!before) application.exec(theirs);
      application.exec(`INSERT INTO ${name} VALUES (1, 1); INSERT INTO ${name} VALUES (3, 1)`);
      const rows = new Map<number, number>();
      for (const { operation, old, new: row } of await take()) {
        const { id, n } = JSON.parse(row ?? old!) as { readonly id: number; readonly n: number };
        if (operation === 'D') rows.delete(id);
        else rows.set(id, n);
      }
      expect([...rows].sort(([one], [other]) => one - other)).toEqual(
        application.prepare(`SELECT id, n FROM ${name} ORDER BY id`).raw().all(),
      );
    },
  );

  test('tables without a rowid, of STRICT types, with generated columns and without a key', async () => {
    const strict = await capture(
      {},
      'a TEXT, b INT, v ANY, g INT AS (b * 2) STORED, PRIMARY KEY (b, a)',
      ' STRICT, WITHOUT ROWID',
    );
    expect(await strict.run(`INSERT INTO t (a, b, v) VALUES ('x', 1, '007')`)).toEqual([
      'I {"a": "x", "b": 1, "v": "t007"}',
    ]);
    const keyless = await capture({}, 'a, rowid TEXT');
    expect(
      await keyless.run(`INSERT INTO t VALUES (1, 'r'), (1, 'r'); DELETE FROM t WHERE _rowid_ = 1`),
    ).toHaveLength(3);
  });

  test('nothing of what is rolled back, and what a savepoint keeps', async () => {
    const { run } = await capture({}, 'id INTEGER PRIMARY KEY');
    expect(await run('BEGIN; INSERT INTO t VALUES (1); ROLLBACK')).toEqual([]);
    expect(
      await run(
        'BEGIN; INSERT INTO t VALUES (2); SAVEPOINT s; INSERT INTO t VALUES (3); ROLLBACK TO s; COMMIT',
      ),
    ).toEqual(['I {"id": 2}']);
  });

  test('also after the application has emptied sqlite_sequence, and with its numbers as they were', async () => {
    const { run } = await capture({}, 'id INTEGER PRIMARY KEY AUTOINCREMENT, n INT');
    expect(await run('INSERT INTO t (n) VALUES (1)')).toHaveLength(1);
    await captureOf(source).changes.housekeep({ retentionMs: 0 }, never());
    application.exec('DELETE FROM sqlite_sequence');
    expect(await run('INSERT INTO t (n) VALUES (2)')).toHaveLength(1);
    const { lastInsertRowid, changes } = application.prepare(`INSERT INTO t${made} (n) VALUES (3)`).run();
    expect([Number(lastInsertRowid), changes]).toEqual([3, 1]);
  });
});

describe('a condition is refused', () => {
  test.each([
    ['a second statement', 'n > 1; DELETE FROM t'],
    ['a bracket that closes the statement', '1=1) OR (1=1'],
    ['a query', 'n IN (SELECT n FROM t)'],
    ['another table', 'n IN t1'],
    ['RAISE', 'RAISE(ABORT, 1)'],
    ['a function that may fail', 'abs(n) > 1'],
    ['JSON', "note -> '$.a'"],
    ['a comment', 'n > 1 -- yes'],
    ['a variable', 'n > ?'],
    ['what is no column', 'missing > 1'],
    ['what is no column, in quotes', '"missing" > 1'],
    ['half an expression', 'n >'],
    ['two expressions', 'n, n'],
    ['the row number', 'rowid > 1'],
    ['NEW', 'NEW.n > 1'],
  ])('that has %s', async (_, where) => {
    const name = `t${(made += 1)}`;
    application.exec(`CREATE TABLE ${name} (${COLUMNS})`);
    await triggers.install(never());
    await expect(triggers.plan([await toCapture(source, name, { where })], never())).rejects.toMatchObject({
      code: 'capture.condition_invalid',
      details: { table: `main.${name}` },
    });
  });
});

describe('plan and deploy', () => {
  let other: SqlitePlace;
  let database: Database;
  let manager: TriggerManager;
  beforeEach(async () => {
    other = await sqlitePlace();
    await other.execute(
      `CREATE TABLE a (id INTEGER PRIMARY KEY, n); CREATE TABLE "sluice_x ""y" (k TEXT PRIMARY KEY, u UNIQUE)`,
    );
    database = await other.open();
    manager = captureOf(database).triggers;
  });
  afterEach(() => other.drop());
  const everything = async () => [await toCapture(database, 'a'), await toCapture(database, 'sluice_x "y')];
  const schema = () =>
    other.query(
      `SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    );

  test('say the same, change nothing twice and leave nothing behind', async () => {
    const before = await schema();
    const planned = await manager.plan(await everything(), never());
    expect(new Set(planned.triggers.map(({ state }) => state))).toEqual(new Set(['new']));
    expect(await schema()).toEqual(before);
    await expect(manager.deploy(await everything(), never())).rejects.toMatchObject({
      code: 'capture.not_installed',
    });
    await Promise.all([manager.install(never()), manager.install(never())]);
    const incarnation = await manager.incarnation(never());
    const done = await manager.deploy(await everything(), never());
    expect(done.map((outcome) => outcome.done)).toEqual(['deployed', 'deployed']);
    const standing = new Map((await schema()).map(([, name, sql]) => [name, sql]));
    for (const { name, after } of planned.triggers) expect(standing.get(name)).toBe(after);
    const again = await manager.plan(await everything(), never());
    expect(new Set(again.triggers.map(({ state }) => state))).toEqual(new Set(['unchanged']));
    expect((await manager.deploy(await everything(), never())).map((outcome) => outcome.done)).toEqual([
      'unchanged',
      'unchanged',
    ]);
    expect((await database.introspector.listTables(never())).map(({ table }) => table.name)).toEqual([
      'a',
      'sluice_x "y',
    ]);
    expect(
      await database.introspector.describeTables([{ schema: 'main', name: 'sluice_event_logs' }], never()),
    ).toEqual([]);
    await manager.install(never());
    expect(await manager.incarnation(never())).toBe(incarnation);
    await manager.uninstall(never());
    await manager.uninstall(never());
    expect(await schema()).toEqual(before);
    expect(await manager.isInstalled(never())).toBe(false);
  });

  test('a trigger that was dropped or altered is seen, and made again; events of before are read still', async () => {
    await manager.install(never());
    await manager.deploy(await everything(), never());
    const [a] = await manager.captured(never());
    expect(a).toMatchObject({ number: 1, columns: ['id', 'n'], primaryKey: ['id'], intact: true });
    const take = await followTables(database, [1]);
    await other.execute('INSERT INTO a VALUES (1, 1); ALTER TABLE a ADD COLUMN extra DEFAULT 7');
    await other.execute('INSERT INTO a VALUES (2, 2, 2); DROP TRIGGER sluice_delete_a');
    expect((await manager.captured(never()))[0]).toMatchObject({ intact: false });
    const planned = await manager.plan([await toCapture(database, 'a')], never());
    expect(planned.triggers.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
      'sluice_before_insert_sluice_x "y orphan',
      'sluice_before_update_sluice_x "y orphan',
      'sluice_delete_a new',
      'sluice_delete_sluice_x "y orphan',
      'sluice_insert_a changed',
      'sluice_insert_sluice_x "y orphan',
      'sluice_update_a changed',
      'sluice_update_sluice_x "y orphan',
    ]);
    await manager.deploy([await toCapture(database, 'a')], never());
    await other.execute('UPDATE a SET n = 9');
    expect((await take()).map(({ new: row }) => row)).toEqual([
      '{"id": 1, "n": "i1"}',
      '{"id": 2, "n": "i2"}',
      '{"id": 1, "n": "i9", "extra": "i7"}',
      '{"id": 2, "n": "i9", "extra": "i2"}',
    ]);
    expect((await manager.captured(never()))[0]).toMatchObject({ number: 1, intact: true });
  });

  test('a trigger of the application that keeps others from running comes behind ours, or the plan says so', async () => {
    const ignoring = (name: string) =>
      `CREATE TRIGGER ${name} AFTER INSERT ON a WHEN NEW.n = 0 BEGIN SELECT RAISE(IGNORE); END`;
    await manager.install(never());
    await other.execute(ignoring('early'));
    const take = await followTables(database, [await deployTable(database, 'a')]);
    await other.execute('INSERT INTO a VALUES (1, 0)');
    expect(await take()).toHaveLength(1);
    await other.execute(ignoring('late'));
    const states = async () =>
      new Set(
        (await manager.plan([await toCapture(database, 'a')], never())).triggers.map(({ state }) => state),
      );
    expect(await states()).toEqual(new Set(['changed']));
    await manager.deploy([await toCapture(database, 'a')], never());
    expect(await states()).toEqual(new Set(['unchanged']));
    await other.execute('INSERT INTO a VALUES (2, 0)');
    expect(await take()).toHaveLength(1);
  });

  test('a table that is dropped keeps its events, and gets another number when it is captured again', async () => {
    await manager.install(never());
    await manager.deploy(await everything(), never());
    const take = await followTables(database, [1]);
    await other.execute('INSERT INTO a VALUES (1, 1)');
    const name = { schema: 'main', name: 'a' };
    expect(await manager.drop([name], never())).toMatchObject([{ done: 'dropped' }]);
    expect(await manager.drop([name], never())).toMatchObject([{ done: 'unchanged' }]);
    await other.execute('INSERT INTO a VALUES (2, 2)');
    expect((await take()).map(({ new: row }) => row)).toEqual(['{"id": 1, "n": "i1"}']);
    await manager.deploy([await toCapture(database, 'a')], never());
    expect((await manager.captured(never())).map(({ number }) => number)).toEqual([2, 3]);
  });

  test('what cannot be captured is refused with its reason, and what is left out is told', async () => {
    await other.execute('CREATE TABLE none (a, g AS (a + 1)); CREATE TABLE hidden (rowid, _rowid_, oid)');
    await manager.install(never());
    const request = [
      await toCapture(database, 'none', { key: 'primary' }),
      await toCapture(database, 'hidden'),
      await toCapture(database, 'a', { key: 'transaction' }),
    ];
    const { refusals, warnings, triggers: planned } = await manager.plan(request, never());
    expect(refusals.map(({ table }) => table.name)).toEqual(['none', 'hidden', 'a']);
    expect(warnings.filter(({ table }) => table.name === 'none')).toHaveLength(2);
    expect(planned).toEqual([]);
    expect(await manager.deploy(request, never())).toMatchObject(
      request.map(() => ({ done: 'failed', error: { code: 'capture.table_unsupported' } })),
    );
  });

  test('nothing is missed and nobody fails while another process writes', async () => {
    await manager.install(never());
    await other.execute('PRAGMA journal_mode = wal');
    const number = await deployTable(database, 'a');
    const take = await followTables(database, [number]);
    const writer = await startThread({ path: other.path, mode: 'write', busyTimeoutMs: 20_000 });
    let isDeploying = true;
    const writing = (async () => {
      let id = 0;
      for (; isDeploying || id < 50; id += 1)
        await writer.call('run', { sql: `INSERT INTO a (id, n) VALUES (${id}, 0)`, values: [] });
      return id;
    })();
    for (const where of ['n >= 0', 'n > -1', 'n IS NOT NULL', 'n = 0', 'n < 1', 'id >= 0'])
      await manager.deploy([await toCapture(database, 'a', { where })], never());
    isDeploying = false;
    const rows = await writing;
    await writer.close();
    expect((await take()).map(({ new: row }) => (JSON.parse(row!) as { id: number }).id)).toEqual(
      Array.from({ length: rows }, (_, id) => id),
    );
  });
});
