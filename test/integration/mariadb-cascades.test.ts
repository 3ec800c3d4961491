import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { never } from '../contract/test-tables.ts';
import { type MariadbChanges, mariadbChanges } from '../support/mariadb-changes.ts';
import { eventually } from '../support/eventually.ts';
import { describeProducts } from '../support/describe-products.ts';

const PARENT = 'CREATE TABLE parent (id int PRIMARY KEY, code varchar(9) UNIQUE)';
const child = (rule: string, name = 'child', references = 'parent'): string =>
  `CREATE TABLE ${name} (id int PRIMARY KEY, up int, v varchar(9), FOREIGN KEY (up) REFERENCES ${references} (id) ${rule})`;

/** No triggers of a child are fired for what a foreign key does to it; on MySQL where a session asks for that. */
describeProducts('what foreign keys do to other rows', (product) => {
  let source: MariadbChanges;
  beforeEach(async () => {
    source = await mariadbChanges(product);
  });
  afterEach(() => source.drop());

  /** What was recorded since the last time, as `child D {old}`. */
  const recorded = async (): Promise<readonly string[]> => {
    const rows = await source.query(
      'SELECT table_name, operation, old_row, new_row FROM sluice_event_logs JOIN sluice_captured_tables ON number = table_number ORDER BY id',
    );
    await source.execute('DELETE FROM sluice_event_logs');
    return rows.map((cells) => cells.filter((cell) => cell !== null).join(' '));
  };
  const capture = async (tables: readonly string[], filled: string): Promise<void> => {
    await source.execute(`${tables.join('; ')}; ${filled}`);
    const names = tables.map((create) => /TABLE (\w+)/.exec(create)![1]!);
    await source.deploy(Object.fromEntries(names.map((name) => [name, {}])));
  };
  const FILLED = `INSERT INTO parent VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (10, 1, 'x'), (11, 1, 'y'), (20, 2, 'z')`;

  test('is recorded where it deletes them, before the row that they refer to', async () => {
    await capture([PARENT, child('ON DELETE CASCADE')], FILLED);
    await source.execute('DELETE FROM parent WHERE id = 1');
    expect(await recorded()).toEqual([
      'child D {"id": 10, "up": 1, "v": "x"}',
      'child D {"id": 11, "up": 1, "v": "y"}',
      'parent D {"id": 1, "code": "a"}',
    ]);
  });

  test('is recorded where it makes their columns NULL', async () => {
    await capture([PARENT, child('ON DELETE SET NULL')], FILLED);
    await source.execute('DELETE FROM parent WHERE id = 2');
    expect(await recorded()).toEqual([
      'child U {"id": 20, "up": 2, "v": "z"} {"id": 20, "up": null, "v": "z"}',
      'parent D {"id": 2, "code": "b"}',
    ]);
  });

  test('is recorded where their columns follow', async () => {
    await capture([PARENT, child('ON UPDATE CASCADE')], FILLED);
    await source.execute(`UPDATE parent SET id = 3 WHERE id = 2; UPDATE parent SET code = 'c' WHERE id = 1`);
    expect((await recorded()).slice(0, 3)).toEqual([
      'parent D {"id": 2, "code": "b"}',
      'parent I {"id": 3, "code": "b"}',
      'child U {"id": 20, "up": 2, "v": "z"} {"id": 20, "up": 3, "v": "z"}',
    ]);
  });

  test('is recorded as another key where the column that follows is of the key', async () => {
    const part = `CREATE TABLE child (up int, line int, PRIMARY KEY (up, line), FOREIGN KEY (up) REFERENCES parent (id) ON UPDATE CASCADE)`;
    await capture([PARENT, part], `INSERT INTO parent VALUES (1, 'a'); INSERT INTO child VALUES (1, 7)`);
    await source.execute('UPDATE parent SET id = 5');
    expect((await recorded()).slice(2)).toEqual([
      'child D {"up": 1, "line": 7}',
      'child I {"up": 5, "line": 7}',
    ]);
  });

  test('is recorded over several tables, and by several keys of one', async () => {
    const grand = child('ON DELETE CASCADE', 'grand', 'child');
    const two = `CREATE TABLE two (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a) REFERENCES parent (id) ON DELETE SET NULL, FOREIGN KEY (b) REFERENCES parent (id) ON DELETE SET NULL)`;
    await capture(
      [PARENT, child('ON DELETE CASCADE'), grand, two],
      `${FILLED}; INSERT INTO grand VALUES (100, 10, 'g'), (200, 20, 'h'); INSERT INTO two VALUES (1, 1, 2), (2, 1, 1), (3, 2, 2)`,
    );
    await source.execute('DELETE FROM parent WHERE id = 1');
    expect(await recorded()).toEqual([
      'two U {"id": 1, "a": 1, "b": 2} {"id": 1, "a": null, "b": 2}',
      'two U {"id": 2, "a": 1, "b": 1} {"id": 2, "a": null, "b": null}',
      'grand D {"id": 100, "up": 10, "v": "g"}',
      'child D {"id": 10, "up": 1, "v": "x"}',
      'child D {"id": 11, "up": 1, "v": "y"}',
      'parent D {"id": 1, "code": "a"}',
    ]);
    await source.execute('DELETE FROM child WHERE id = 20');
    expect(await recorded()).toEqual([
      'grand D {"id": 200, "up": 20, "v": "h"}',
      'child D {"id": 20, "up": 2, "v": "z"}',
    ]);
  });

  test('is recorded by the filter and the operations of the child', async () => {
    await source.execute(`${PARENT}; ${child('ON DELETE SET NULL')}; ${FILLED}`);
    await source.deploy({ parent: { operations: ['insert'] }, child: { where: `up = 1 OR v = 'z'` } });
    await source.execute('DELETE FROM parent');
    expect(await recorded()).toEqual([
      'child D {"id": 10, "up": 1, "v": "x"}',
      'child D {"id": 11, "up": 1, "v": "y"}',
      'child U {"id": 20, "up": 2, "v": "z"} {"id": 20, "up": null, "v": "z"}',
    ]);
  });

  test('is not recorded where the session does not check foreign keys, and nothing is done', async () => {
    await capture([PARENT, child('ON DELETE CASCADE')], FILLED);
    await source.execute('SET foreign_key_checks = 0; DELETE FROM parent WHERE id = 1');
    expect(await recorded()).toEqual(['parent D {"id": 1, "code": "a"}']);
  });

  test('is recorded of rows that came behind the snapshot of the transaction', async () => {
    await capture([PARENT, child('ON DELETE CASCADE')], `INSERT INTO parent VALUES (1, 'a')`);
    const old = await source.writer();
    await old.execute(
      'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT',
    );
    await source.execute(`INSERT INTO child VALUES (10, 1, 'x')`);
    await recorded();
    await old.execute('DELETE FROM parent; COMMIT');
    expect(await recorded()).toEqual([
      'child D {"id": 10, "up": 1, "v": "x"}',
      'parent D {"id": 1, "code": "a"}',
    ]);
  });

  test('lets a statement read the child that it deletes parents by', async () => {
    await capture([PARENT, child('ON DELETE CASCADE')], FILLED);
    await source.execute(`DELETE FROM parent WHERE id IN (SELECT up FROM child WHERE v = 'z')`);
    await source.execute(`DELETE parent, child FROM parent JOIN child ON child.up = parent.id`);
    const [[left] = []] = await source.query('SELECT COUNT(*) FROM child');
    expect(left).toBe('0');
    expect(new Set(await recorded())).toEqual(
      new Set([
        'child D {"id": 20, "up": 2, "v": "z"}',
        'parent D {"id": 2, "code": "b"}',
        'child D {"id": 10, "up": 1, "v": "x"}',
        'child D {"id": 11, "up": 1, "v": "y"}',
        'parent D {"id": 1, "code": "a"}',
      ]),
    );
  });

  test('locks the ids of nobody else while it is recorded', async () => {
    await capture([PARENT, child('ON DELETE CASCADE')], FILLED);
    const deleting = await source.writer();
    await deleting.begin();
    await deleting.execute('DELETE FROM parent WHERE id = 1');
    await source.execute(`SET innodb_lock_wait_timeout = 1; INSERT INTO parent VALUES (3, 'c')`);
    await deleting.commit();
    expect((await recorded()).at(-1)).toBe('parent I {"id": 3, "code": "c"}');
  });

  test('is recorded of a child that is captured later than its parent, by triggers that are shown and made with its own', async () => {
    await source.execute(`${PARENT}; ${child('ON DELETE CASCADE')}; ${FILLED}`);
    await source.deploy({ parent: {} });
    const tables = await source.tables({ child: {} });
    const { triggers } = await source.triggers.plan(tables, never());
    expect(triggers.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'sluice_insert_parent unchanged',
      'sluice_update_parent unchanged',
      'sluice_delete_parent unchanged',
      'sluice_cascade_parent new',
      'sluice_insert_child new',
      'sluice_update_child new',
      'sluice_delete_child new',
    ]);
    const outcomes = await source.triggers.deploy(tables, never());
    expect(outcomes.map(({ table, done }) => `${table.name} ${done}`)).toEqual([
      'parent deployed',
      'child deployed',
    ]);
    await source.execute('DELETE FROM parent WHERE id = 2');
    expect(await recorded()).toEqual([
      'child D {"id": 20, "up": 2, "v": "z"}',
      'parent D {"id": 2, "code": "b"}',
    ]);
  });

  test('fails no statement when the child is gone, or a column of it', async () => {
    await capture([PARENT, child('ON DELETE CASCADE')], FILLED);
    await source.execute('ALTER TABLE child DROP COLUMN v; DELETE FROM parent WHERE id = 2');
    expect(await recorded()).toEqual([
      'child D {"sluice": "not recorded"}',
      'parent D {"id": 2, "code": "b"}',
    ]);
    await source.execute('DROP TABLE child; DELETE FROM parent WHERE id = 1');
    expect(await recorded()).toEqual(['parent D {"id": 1, "code": "a"}']);
  });

  test.runIf(product === 'mysql')(
    'is recorded once where the session fires the triggers of the children',
    async () => {
      const nulled = child('ON DELETE SET NULL', 'nulled');
      await capture(
        [PARENT, child('ON DELETE CASCADE ON UPDATE CASCADE'), nulled],
        `${FILLED}; INSERT INTO nulled VALUES (10, 1, 'n')`,
      );
      await source.execute(
        'SET SESSION enable_cascade_triggers = 1; DELETE FROM parent WHERE id = 1; UPDATE parent SET id = 3',
      );
      expect((await recorded()).toSorted()).toEqual(
        [
          'child D {"id": 10, "up": 1, "v": "x"}',
          'child D {"id": 11, "up": 1, "v": "y"}',
          'nulled U {"id": 10, "up": 1, "v": "n"} {"id": 10, "up": null, "v": "n"}',
          'parent D {"id": 1, "code": "a"}',
          'child U {"id": 20, "up": 2, "v": "z"} {"id": 20, "up": 3, "v": "z"}',
          'parent D {"id": 2, "code": "b"}',
          'parent I {"id": 3, "code": "b"}',
        ].toSorted(),
      );
    },
  );

  describe('refuses a child', () => {
    const refusalsOf = async (names: readonly string[]) => {
      const specs = Object.fromEntries(names.map((name) => [name, {}]));
      const { refusals } = await source.triggers.plan(await source.tables(specs), never());
      return refusals.map(({ table, text }) => `${table.name}: ${text}`);
    };

    test('whose parent is not captured, and takes it when that is', async () => {
      await source.execute(`${PARENT}; ${child('ON DELETE CASCADE')}`);
      expect(await refusalsOf(['child'])).toEqual([expect.stringMatching(/^child: .*capture .*parent too/)]);
      expect(await refusalsOf(['child', 'parent'])).toEqual([]);
      await source.deploy({ parent: {} });
      await source.deploy({ child: {}, parent: {} });
      expect(await refusalsOf(['child'])).toEqual([]);
      const [outcome] = await source.triggers.drop([{ schema: source.place.name, name: 'parent' }], never());
      expect(outcome).toMatchObject({ done: 'failed', error: { code: 'capture.table_unsupported' } });
    });

    test.each([
      [
        'to itself',
        `CREATE TABLE t (id int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES t (id) ON DELETE CASCADE)`,
      ],
      [
        'from table to table',
        `CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE m (id int PRIMARY KEY, FOREIGN KEY (id) REFERENCES p (id) ON UPDATE CASCADE);
         CREATE TABLE t (id int PRIMARY KEY, FOREIGN KEY (id) REFERENCES m (id) ON UPDATE CASCADE)`,
      ],
      ['ON UPDATE SET NULL', `${PARENT}; ${child('ON UPDATE SET NULL', 't')}`],
    ])('whose cascade is %s', async (_, create) => {
      await source.execute(create);
      const names = [...create.matchAll(/TABLE (\w+)/g)].map(([, name]) => name!);
      expect(await refusalsOf(names)).toEqual([expect.stringMatching(/^t: /)]);
    });

    test('and deploys the others', async () => {
      await source.execute(
        `${PARENT}; ${child('ON DELETE CASCADE')}; CREATE TABLE other (id int PRIMARY KEY)`,
      );
      const outcomes = await source.triggers.deploy(await source.tables({ child: {}, other: {} }), never());
      expect(outcomes.map(({ table, done }) => `${table.name} ${done}`).toSorted()).toEqual([
        'child failed',
        'other deployed',
      ]);
    });
  });

  test('is recorded of a tree whose roots go', async () => {
    await capture(
      ['CREATE TABLE t (id int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES t (id) ON DELETE SET NULL)'],
      'INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2)',
    );
    await source.execute('DELETE FROM t WHERE id = 1');
    await eventually('it is there', async () => (await source.events()) === 2);
    expect(await recorded()).toEqual([
      't U {"id": 2, "up": 1} {"id": 2, "up": null}',
      't D {"id": 1, "up": null}',
    ]);
  });
});
