import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { type ChangesOf, changesOf } from '../contract/apply-changes-fixture.ts';
import { describeApplyChanges } from '../contract/describe-apply-changes.ts';
import { postgresPlace, type PostgresPlace, postgresqlHarness } from '../support/postgresql-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres'], 'on a real server', () => describeApplyChanges(postgresqlHarness));

describeWith(['postgres'], 'changes of PostgreSQL', () => {
  let place: PostgresPlace;
  let target: Database;
  let changes: ChangesOf;

  beforeEach(async () => {
    place = await postgresPlace();
    target = await place.open();
  });
  afterEach(() => place.drop());

  const rows = async (sql: string): Promise<string[]> => (await place.query(sql)).map((row) => row.join(' '));

  describe('whose keys have several texts', () => {
    beforeEach(async () => {
      await place.execute(`CREATE TABLE p (id numeric PRIMARY KEY, note text);
        CREATE TABLE c (id int PRIMARY KEY, p numeric REFERENCES p ON DELETE CASCADE);
        CREATE TABLE g (id int PRIMARY KEY, c int REFERENCES c ON DELETE CASCADE);
        INSERT INTO p VALUES (1.0, 'one'), (2, 'two'); INSERT INTO c VALUES (1, 1); INSERT INTO g VALUES (1, 1)`);
      const tables = [{ name: 'g', parents: ['c'] }, { name: 'c', parents: ['p'] }, { name: 'p' }];
      changes = await changesOf(postgresqlHarness, target, tables);
    });

    test('find the row, and give it the other text', async () => {
      expect(await changes.next(changes.event('p', 'U', ['2.00', 'x'], ['2', 'two']))).toBe('applied');
      expect(await rows('SELECT * FROM p ORDER BY id')).toEqual(['1.0 one', '2.00 x']);
    });

    test('keep what hangs on a row that leaves its parent before that goes', async () => {
      const batch = [
        changes.event('c', 'U', ['1', '2'], ['1', '1.0']),
        changes.event('p', 'U', ['2', 'written']),
        changes.event('p', 'D', ['1.0', 'one']),
      ];
      expect(await changes.next(...batch)).toBe('applied');
      expect(await rows('SELECT p.id, note, g.id FROM p, c, g WHERE c.p = p.id AND g.c = c.id')).toEqual([
        '2 written 1',
      ]);
    });

    test('are refused where what hangs on a row would go along with its old key', async () => {
      const batch = [
        changes.event('p', 'D', ['1.0', 'one']),
        changes.event('p', 'I', ['9', 'one']),
        changes.event('c', 'U', ['1', '9'], ['1', '1.0']),
      ];
      expect(await changes.next(...batch)).toBe('target.constraint_violated public.p');
      expect(await rows('SELECT p.id, g.id FROM p, c, g WHERE c.p = p.id AND g.c = c.id')).toEqual(['1.0 1']);
    });
  });

  test('that exchange unique values many times are applied in their order', async () => {
    await place.execute(`CREATE TABLE seats (id int PRIMARY KEY, seat text UNIQUE, kept text DEFAULT 'kept');
      INSERT INTO seats SELECT n, 's' || n FROM generate_series(1, 200) AS n`);
    changes = await changesOf(postgresqlHarness, target, [{ name: 'seats', columns: ['id', 'seat'] }]);
    const seat = (id: number, name: string) => changes.event('seats', 'U', [String(id), name]);
    const pairs = Array.from({ length: 100 }, (_, at) => [2 * at + 1, 2 * at + 2] as const);
    const batch = pairs.flatMap(([a, b]) => [seat(a, 'spare'), seat(b, `s${a}`), seat(a, `s${b}`)]);
    expect(await changes.next(...batch)).toBe('applied');
    const wanted = pairs.flatMap(([a, b]) => [`${a} s${b} kept`, `${b} s${a} kept`]);
    expect(await rows('SELECT * FROM seats ORDER BY id')).toEqual(wanted);
  });

  test('wait with constraints that can wait: rows that refer to each other, and unique values that change', async () => {
    await place.execute(`CREATE TABLE a (id int PRIMARY KEY, other int, u int UNIQUE DEFERRABLE);
      CREATE TABLE b (id int PRIMARY KEY, other int REFERENCES a DEFERRABLE);
      ALTER TABLE a ADD FOREIGN KEY (other) REFERENCES b DEFERRABLE; INSERT INTO a VALUES (7, NULL, 7), (8, NULL, 8)`);
    const tables = [
      { name: 'a', parents: ['b'] },
      { name: 'b', parents: ['a'] },
    ];
    changes = await changesOf(postgresqlHarness, target, tables);
    const batch = [
      changes.event('a', 'I', ['1', '1', '1']),
      changes.event('b', 'I', ['1', '1']),
      changes.event('a', 'U', ['7', null, '8']),
      changes.event('a', 'U', ['8', null, '7']),
    ];
    expect(await changes.next(...batch)).toBe('applied');
    expect(await rows('SELECT id, u FROM a ORDER BY id')).toEqual(['1 1', '7 8', '8 7']);
  });

  test('go into a table in partitions, and not into tables that inherit from one', async () => {
    await place.execute(`CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); INSERT INTO parts VALUES (1, 'a'), (2, 'b');
      CREATE TABLE base (id int PRIMARY KEY, v text); CREATE TABLE heir () INHERITS (base);
      INSERT INTO base VALUES (1, 'a'), (2, 'b'); INSERT INTO heir VALUES (1, 'heir'), (3, 'heir')`);
    changes = await changesOf(postgresqlHarness, target, [{ name: 'parts' }, { name: 'base' }]);
    const of = (table: string) => [
      changes.event(table, 'D', ['1', 'a']),
      changes.event(table, 'I', ['4', 'd']),
    ];
    expect(await changes.next(...of('parts'), ...of('base'))).toBe('applied');
    expect(await rows('SELECT * FROM parts ORDER BY id')).toEqual(['2 b', '4 d']);
    expect(await rows('SELECT * FROM base ORDER BY id, v')).toEqual(['1 heir', '2 b', '3 heir', '4 d']);
    expect(await changes.next(changes.event('base', 'T'), changes.event('parts', 'T'))).toBe('applied');
    expect(await rows('SELECT * FROM parts')).toEqual([]);
    expect(await rows('SELECT * FROM base ORDER BY id')).toEqual(['1 heir', '3 heir']);
  });

  test('of more tables than a session keeps places for find each its own', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `t${at}`);
    await place.execute(
      names.map((name, at) => `CREATE TABLE ${name} (k${at} int PRIMARY KEY, v${at} text)`).join(';'),
    );
    changes = await changesOf(
      postgresqlHarness,
      target,
      names.map((name) => ({ name })),
    );
    for (const round of ['1', '2']) {
      const batch = names.flatMap((name) => [
        changes.event(name, 'D', ['9', '']),
        changes.event(name, 'I', [round, `${name} ${round}`]),
      ]);
      expect(await changes.next(...batch)).toBe('applied');
    }
    expect(await rows('SELECT * FROM t0 UNION ALL SELECT * FROM t39 ORDER BY 2')).toEqual([
      '1 t0 1',
      '2 t0 2',
      '1 t39 1',
      '2 t39 2',
    ]);
  });
});
