import BetterSqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never, random } from '../contract/test-tables.ts';
import { captureOf, deployTable, followTables } from '../support/sqlite-changes.ts';
import { Replay, type ReplayedTable } from '../support/sqlite-replay.ts';
import { seeds } from '../support/seeds.ts';
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-harness.ts';

let place: SqlitePlace;
let source: Database;
let application: BetterSqlite.Database;

beforeAll(async () => {
  place = await sqlitePlace();
  source = await place.open();
  application = new BetterSqlite(place.path, { timeout: 20_000 });
  application.pragma('synchronous = OFF'); // thousands of statements, and no power failure
});
afterAll(async () => {
  application.close();
  await place.drop();
});

/** What stands after a statement that may fail: in a transaction of its own, or as far as it came. */
function attempt(sql: string): void {
  try {
    application.exec(sql);
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('SQLITE_CONSTRAINT') !== true) throw error;
  }
  if (application.inTransaction) application.exec('ROLLBACK');
}

const PLAIN: ReplayedTable = {
  columns: 'id INTEGER PRIMARY KEY, u TEXT UNIQUE, w TEXT, n INT',
  key: ['id'],
};
const TABLES: Readonly<Record<string, ReplayedTable>> = {
  'one more unique key': PLAIN,
  'no other unique key': { columns: 'id INTEGER PRIMARY KEY, u TEXT, w TEXT, n INT', key: ['id'] },
  'two more, one of two columns': {
    columns: 'id INTEGER PRIMARY KEY, u TEXT UNIQUE, w TEXT, n INT, UNIQUE (w, n)',
    key: ['id'],
  },
  'a text for a key, without a rowid': {
    columns: 'id TEXT PRIMARY KEY, u TEXT UNIQUE, w TEXT, n INT',
    suffix: ' WITHOUT ROWID',
    key: ['id'],
  },
  'a key of two columns': {
    columns: 'id INT NOT NULL, u TEXT NOT NULL, w TEXT UNIQUE, n INT, PRIMARY KEY (id, u)',
    key: ['id', 'u'],
  },
  'a key that folds letters, copied to one that does not': {
    columns: 'id INT, u TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, w TEXT, n INT',
    targetColumns: 'id INT, u TEXT PRIMARY KEY NOT NULL, w TEXT, n INT',
    key: ['u'],
  },
  'a unique key that folds letters': {
    columns: 'id INTEGER PRIMARY KEY, u TEXT COLLATE NOCASE UNIQUE, w TEXT, n INT',
    key: ['id'],
  },
  'a unique index of an expression, and one with a condition': {
    columns: 'id INTEGER PRIMARY KEY, u TEXT, w TEXT, n INT',
    indexes: ["(lower(u) || '-')", '(w) WHERE n > 2'],
    key: ['id'],
  },
  'a unique key that replaces by itself': {
    columns: 'id INTEGER PRIMARY KEY, u TEXT UNIQUE ON CONFLICT REPLACE, w TEXT, n INT',
    targetColumns: PLAIN.columns,
    key: ['id'],
  },
  'a default in the place of NULL': {
    columns: "id INTEGER PRIMARY KEY, u TEXT NOT NULL DEFAULT 'a' UNIQUE, w TEXT, n INT",
    key: ['id'],
  },
};

let made = 0;
async function begin(table: ReplayedTable): Promise<Replay> {
  const name = `t${(made += 1)}`;
  application.exec(`CREATE TABLE ${name} (${table.columns})${table.suffix ?? ''}`);
  for (const [at, index] of (table.indexes ?? []).entries())
    application.exec(`CREATE UNIQUE INDEX ${name}_${at} ON ${name} ${index}`);
  const take = await followTables(source, [await deployTable(source, name)], true);
  return new Replay(application, { name, table, take });
}

const SEED = `INSERT INTO t VALUES (1, 'a', 'x', 1), (2, 'b', 'y', 2), (3, 'c', 'z', 3)`;

/** Each conflict clause of each kind of statement, with what it does to rows of another key. */
const STATEMENTS = [
  `INSERT OR REPLACE INTO t VALUES (9, 'a', 'n', 9)`,
  `INSERT OR REPLACE INTO t VALUES (1, 'b', 'n', 9)`,
  `INSERT OR REPLACE INTO t VALUES (1, 'a', 'n', 9)`,
  `REPLACE INTO t VALUES (9, 'a', 'n', 9), (10, 'a', 'n', 8), (11, 'b', 'n', 7)`,
  `REPLACE INTO t (id, w, n) VALUES (9, 'n', 9)`,
  `INSERT OR IGNORE INTO t VALUES (9, 'a', 'n', 9), (10, 'd', 'm', 9)`,
  `INSERT OR ABORT INTO t VALUES (10, 'd', 'm', 9), (9, 'a', 'n', 9)`,
  `INSERT OR FAIL INTO t VALUES (10, 'd', 'm', 9), (9, 'a', 'n', 9), (11, 'e', 'k', 9)`,
  `BEGIN; DELETE FROM t WHERE id = 3; INSERT OR ROLLBACK INTO t VALUES (9, 'a', 'n', 9)`,
  `BEGIN; INSERT OR FAIL INTO t VALUES (9, 'a', 'n', 9); COMMIT`,
  `UPDATE OR REPLACE t SET u = 'b' WHERE id = 1`,
  `UPDATE OR REPLACE t SET id = 2 WHERE id = 1`,
  `UPDATE OR REPLACE t SET id = 2, u = 'c' WHERE id = 1`,
  `UPDATE OR REPLACE t SET u = 'a'`,
  `UPDATE OR IGNORE t SET u = 'b'`,
  `UPDATE OR FAIL t SET u = 'd', n = 9`,
  `UPDATE OR ABORT t SET u = 'b' WHERE id = 1`,
  `UPDATE t SET n = n + 1`,
  `UPDATE t SET id = id + 10`,
  `UPDATE t SET id = id - 1`,
  `UPDATE t SET id = -id, u = u || 'x'`,
  `DELETE FROM t WHERE n > 1`,
  `DELETE FROM t`,
  `SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; RELEASE s`,
];
const UPSERTS = [
  `INSERT INTO t VALUES (9, 'a', 'n', 9) ON CONFLICT (u) DO UPDATE SET w = 'again'`,
  `INSERT INTO t VALUES (9, 'a', 'n', 9) ON CONFLICT (u) DO NOTHING`,
  `INSERT INTO t VALUES (1, 'q', 'n', 9) ON CONFLICT (id) DO UPDATE SET u = excluded.u`,
  `INSERT INTO t VALUES (1, 'q', 'n', 9) ON CONFLICT DO NOTHING`,
];
/** What comes later must not be taken for what a statement before left behind. */
const AFTERWARDS = [
  `DELETE FROM t WHERE u = 'a'`,
  `INSERT OR IGNORE INTO t VALUES (20, 'a', 'later', 20)`,
  `UPDATE t SET n = 21 WHERE u = 'a'`,
];

describe.each([false, true])('with recursive_triggers = %s', (recursive) => {
  beforeAll(() => void application.pragma(`recursive_triggers = ${recursive}`));

  describe.each(Object.entries(TABLES))('a table with %s', (name, table) => {
    const statements = name === 'one more unique key' ? [...STATEMENTS, ...UPSERTS] : STATEMENTS;

    test('its events make the same rows again, whatever the conflict clause', async () => {
      const replay = await begin(table);
      const run = (sql: string): void => attempt(sql.replaceAll(/\bt\b/g, replay.name));
      for (const statement of statements) {
        run('DELETE FROM t');
        run(SEED);
        run(statement);
        await replay.expectEqual(statement);
        for (const sql of AFTERWARDS) run(sql);
        await replay.expectEqual(`what came after ${statement}`);
      }
      expect(replay.events.length).toBeGreaterThan(3 * statements.length);
    });

    test.each(seeds(1))('so do those of statements at random, seed %d', async (seed) => {
      const next = random(seed);
      const draw = (below: number): number => Math.floor(next() * below);
      const replay = await begin(table);
      const value = (): string =>
        `(${draw(6)}, ${draw(9) === 0 ? 'NULL' : `'${'aAbBc'[draw(5)]}'`}, '${'xyz'[draw(3)]}', ${draw(5)})`;
      const clause = (): string =>
        ['', 'OR REPLACE', 'OR REPLACE', 'OR IGNORE', 'OR FAIL', 'OR ROLLBACK'][draw(6)] ?? '';
      const set = (): string =>
        [
          `u = '${'aAbBc'[draw(5)]}'`,
          `id = ${draw(6)}`,
          `n = ${draw(5)}`,
          `w = '${'xyz'[draw(3)]}', n = n + 1`,
        ][draw(4)]!;
      for (let time = 0; time < 250; time += 1) {
        const kind = draw(8);
        const sql =
          kind < 4
            ? `INSERT ${clause()} INTO ${replay.name} VALUES ${value()}, ${value()}`
            : kind < 7
              ? `UPDATE ${clause()} ${replay.name} SET ${set()} WHERE n <= ${draw(5)}`
              : `DELETE FROM ${replay.name} WHERE id = ${draw(6)}`;
        attempt(sql);
        if (time % 40 === 0) await replay.expectEqual(`statement ${time}`);
        if (time % 100 === 0) await captureOf(source).changes.housekeep({ retentionMs: 3_600_000 }, never());
      }
      await replay.expectEqual('the last statement');
    });
  });

  test('what was ignored and nothing else is no event', async () => {
    const replay = await begin(PLAIN);
    attempt(`INSERT INTO ${replay.name} VALUES (1, 'a', 'x', 1)`);
    attempt(`INSERT OR IGNORE INTO ${replay.name} VALUES (2, 'a', 'x', 1)`);
    attempt(`UPDATE ${replay.name} SET n = 1`);
    attempt(`INSERT OR REPLACE INTO ${replay.name} VALUES (3, 'a', 'y', 1)`);
    await replay.expectEqual('all');
    expect(replay.events.map(({ operation, old, new: now }) => [operation, old, now])).toEqual([
      ['I', null, '{"id": "i1", "u": "ta", "w": "tx", "n": "i1"}'],
      ['D', '{"id": "i1", "u": "ta", "w": "tx", "n": "i1"}', null],
      ['I', null, '{"id": "i3", "u": "ta", "w": "ty", "n": "i1"}'],
    ]);
  });
});
