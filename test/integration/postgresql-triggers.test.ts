import { afterEach, expect, test } from 'vitest';
import { describeWith } from '../support/servers.ts';
import { applicationOf, createTriggerStage, type TriggerStage } from '../support/postgresql-triggers.ts';
import { postgresUrl } from '../support/postgresql-harness.ts';

const T = 'CREATE TABLE t (id int PRIMARY KEY, v text, w int)';

let stage: TriggerStage;
afterEach(() => stage?.close());

/** What the table has, in the form of what events have. */
const rowsOf = async (table: string): Promise<readonly string[]> =>
  (await stage.place.query(`SELECT to_json(whole)::text FROM ${table} AS whole`))
    .map(([row]) => JSON.stringify(JSON.parse(row ?? '')))
    .toSorted();

const capture = async (sql: string, tables: Parameters<TriggerStage['deploy']>[0] = { '*': {} }) => {
  stage = await createTriggerStage(sql);
  const outcomes = await stage.deploy(tables);
  expect(outcomes.filter(({ done }) => done !== 'deployed')).toEqual([]);
};

const FORMS = [{ form: 'row' }, { form: 'statement' }] as const;

describeWith(['postgres'], 'triggers of PostgreSQL', () => {
  test.each(FORMS)('record every operation, and nothing where nothing changed, by $form', async (spec) => {
    await capture(T, { t: spec });
    await stage.place.execute(`INSERT INTO t VALUES (1, 'a', 1), (2, NULL, 2)`);
    await stage.place.execute(
      `UPDATE t SET v = 'b' WHERE id = 1; UPDATE t SET v = v, w = w; UPDATE t SET w = 3 WHERE id = 7`,
    );
    await stage.place.execute('DELETE FROM t WHERE id = 2; TRUNCATE t');
    expect(await stage.events()).toEqual([
      { operation: 'I', key: '{"id": 1}', old: null, new: expect.stringContaining('"a"') },
      { operation: 'I', key: '{"id": 2}', old: null, new: expect.stringContaining('null') },
      {
        operation: 'U',
        key: '{"id": 1}',
        old: expect.stringContaining('"a"'),
        new: expect.stringContaining('"b"'),
      },
      { operation: 'D', key: '{"id": 2}', old: expect.stringContaining('null'), new: null },
      { operation: 'T', key: null, old: null, new: null },
    ]);
    const [row] = await stage.place.query(
      `SELECT count(DISTINCT transaction), bool_and(db_user = session_user), bool_and(at <= clock_timestamp()), min(table_number) FROM sluice_capture.event_logs`,
    );
    expect(row).toEqual(['3', 't', 't', '1']);
  });

  test.each(FORMS)(
    'an update of the key is a deletion and an insertion that survive id + 1, by $form',
    async (spec) => {
      await capture(T, { t: spec });
      await stage.place.execute(`INSERT INTO t SELECT g, 'v' || g, g FROM generate_series(3, 1, -1) g`);
      await stage.place.execute('UPDATE t SET id = id + 1');
      expect(await stage.replayed()).toEqual(await rowsOf('t'));
      await stage.place.execute('UPDATE t SET id = id + 100 WHERE id = 4');
      expect((await stage.told()).slice(-2)).toEqual([
        'D {"id":4,"v":"v3","w":3}',
        'I {"id":104,"v":"v3","w":3}',
      ]);
      expect(await stage.replayed()).toEqual(await rowsOf('t'));
    },
  );

  test('keys that are swapped while the constraint is deferred end where the table has them', async () => {
    await capture('CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text)');
    await stage.place.execute(`INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')`);
    await stage.place.execute('UPDATE t SET id = 3 - id WHERE id < 3');
    expect(await stage.replayed()).toEqual(await rowsOf('t'));
    // Two rows have the key 2 for a while; then 'b' is gone, and 'd' was changed in between.
    await stage.place.execute(
      `BEGIN; UPDATE t SET id = 4 WHERE v = 'c'; UPDATE t SET v = 'e' WHERE v = 'd'; DELETE FROM t WHERE v = 'e'; COMMIT`,
    );
    await stage.place.execute(
      `BEGIN; UPDATE t SET id = 2 WHERE v = 'a'; UPDATE t SET id = 1 WHERE v = 'b'; COMMIT`,
    );
    await stage.place.execute(`BEGIN; INSERT INTO t VALUES (1, 'x'); DELETE FROM t WHERE v = 'x'; COMMIT`);
    expect(await stage.replayed()).toEqual(await rowsOf('t'));
  });

  test.each(FORMS)(
    'what triggers of the application change in between is what is recorded last, by $form',
    async (spec) => {
      await capture(
        `${T}; CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF TG_OP = 'DELETE' THEN INSERT INTO t VALUES (OLD.id + 1000, 'back', 0) ON CONFLICT DO NOTHING;
         ELSIF NEW.w < 3 THEN UPDATE t SET w = w + 1 WHERE id IN (NEW.id, NEW.id + 1); END IF; RETURN NULL; END $$;
       CREATE TRIGGER again AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION again()`,
        { t: spec },
      );
      await stage.place.execute(`INSERT INTO t SELECT g, 'v', 0 FROM generate_series(1, 5) g`);
      expect(await stage.replayed()).toEqual(await rowsOf('t'));
      await stage.place.execute('UPDATE t SET w = -1 WHERE id < 4; DELETE FROM t WHERE id IN (2, 3)');
      expect(await stage.replayed()).toEqual(await rowsOf('t'));
    },
  );

  test('cascades to other rows and to itself are recorded', async () => {
    await capture(
      `CREATE TABLE t (id int PRIMARY KEY, parent int REFERENCES t ON UPDATE CASCADE ON DELETE CASCADE, v text);
       CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t ON UPDATE CASCADE ON DELETE SET NULL)`,
    );
    await stage.place.execute(
      `INSERT INTO t VALUES (1, 1, 'self'), (2, 1, 'child'), (3, 2, 'grandchild'), (9, NULL, 'other')`,
    );
    await stage.place.execute('INSERT INTO c VALUES (1, 1), (2, 9), (3, 3)');
    await stage.place.execute(
      'UPDATE t SET id = 10 WHERE id = 1; UPDATE t SET id = id + 50 WHERE id < 9; DELETE FROM t WHERE id = 9',
    );
    const both = [...(await rowsOf('t')), ...(await rowsOf('c'))].toSorted();
    expect(await stage.replayed().then((rows) => rows.length)).toBeGreaterThan(0);
    const events = await stage.place.query(
      `SELECT DISTINCT ON (table_number, message_key) operation, new FROM sluice_capture.event_logs ORDER BY table_number, message_key, id DESC`,
    );
    const last = events.flatMap(([operation, row]) =>
      operation === 'D' ? [] : JSON.stringify(JSON.parse(row ?? '')),
    );
    expect(last.toSorted()).toEqual(both);
  });

  test.each(FORMS)('a condition tells what comes in, stays, and goes out, by $form', async (spec) => {
    await capture(T, { t: { ...spec, where: `v = 'in'` } });
    await stage.place.execute(`INSERT INTO t VALUES (1, 'in', 1), (2, 'out', 2), (3, NULL, 3)`);
    await stage.place.execute(
      `UPDATE t SET v = 'in' WHERE id = 2; UPDATE t SET w = 10 WHERE id = 1; UPDATE t SET w = 30 WHERE id = 3`,
    );
    await stage.place.execute(
      `UPDATE t SET v = NULL WHERE id = 1; UPDATE t SET v = 'out' WHERE id = 3; UPDATE t SET id = 20 WHERE id = 2`,
    );
    await stage.place.execute(
      'UPDATE t SET id = 30 WHERE id = 3; DELETE FROM t WHERE id IN (1, 30); DELETE FROM t WHERE id = 20',
    );
    expect(await stage.told()).toEqual([
      'I {"id":1,"v":"in","w":1}',
      'I {"id":2,"v":"in","w":2}',
      'U {"id":1,"v":"in","w":10}',
      'D {"id":1,"v":"in","w":10}',
      'D {"id":2,"v":"in","w":2}',
      'I {"id":20,"v":"in","w":2}',
      'D {"id":20,"v":"in","w":2}',
    ]);
  });

  test.each(FORMS)(
    'a condition that fails on a row fails nothing and counts as true, by $form',
    async (spec) => {
      await capture(T, {
        t: { ...spec, where: '10 / w > 2', expressions: { share: '100 / w' }, key: { expression: 'v' } },
      });
      await stage.place.execute(
        `INSERT INTO t VALUES (1, 'a', 0); INSERT INTO t VALUES (2, 'b', 2); INSERT INTO t VALUES (3, 'c', 9)`,
      );
      expect(
        (await stage.events()).map(({ key, new: row }) => [
          spec.form === 'row' ? key : 'any',
          JSON.parse(row ?? ''),
        ]),
      ).toEqual([
        [spec.form === 'row' ? 'a' : 'any', { id: 1, v: 'a', w: 0, share: null }],
        [spec.form === 'row' ? 'b' : 'any', { id: 2, v: 'b', w: 2, share: 50 }],
      ]);
    },
  );

  test('columns, payload, operations and keys are as the specification says', async () => {
    await capture(T, {
      t: { columns: { exclude: ['w'] }, operations: ['insert', 'update'], key: { fixed: `it's` } },
    });
    await stage.place.execute(
      `INSERT INTO t VALUES (1, 'a', 1); UPDATE t SET w = 2; UPDATE t SET v = 'b'; DELETE FROM t; TRUNCATE t`,
    );
    expect(await stage.told()).toEqual(['I {"id":1,"v":"a"}', 'U {"id":1,"v":"b"}']);
    expect((await stage.events()).map(({ key }) => key)).toEqual([`it's`, `it's`]);
    await stage.deploy({ t: { payload: 'key', key: 'transaction' } });
    await stage.place.execute(`INSERT INTO t VALUES (5, 'a', 1); UPDATE t SET v = 'z'`);
    expect((await stage.told()).slice(2)).toEqual(['I {"id":5}', 'U {"id":5}']);
    expect((await stage.events()).at(-1)?.key).toMatch(/^\d+$/);
    await stage.deploy({ t: { key: 'none' } });
    await stage.place.execute('DELETE FROM t');
    expect((await stage.events()).at(-1)).toMatchObject({ operation: 'D', key: null });
  });

  test('partitions, those that come later too, rows that move between them, and children of inheritance', async () => {
    await capture(
      `CREATE TABLE p (id int, r int, v text, PRIMARY KEY (id, r)) PARTITION BY RANGE (r);
       CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
       CREATE TABLE base (id int PRIMARY KEY, v text); CREATE TABLE child (PRIMARY KEY (id)) INHERITS (base)`,
    );
    await stage.place.execute(`CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)`);
    await stage.place.execute(
      `INSERT INTO p VALUES (1, 1, 'a'), (2, 12, 'b'); INSERT INTO p1 VALUES (3, 3, 'c')`,
    );
    await stage.place.execute(
      `UPDATE p SET r = r + 10 WHERE id = 1; UPDATE p2 SET v = 'd' WHERE id = 2; DELETE FROM p1`,
    );
    expect(await stage.told()).toEqual([
      'I {"id":1,"r":1,"v":"a"}',
      'I {"id":2,"r":12,"v":"b"}',
      'I {"id":3,"r":3,"v":"c"}',
      'D {"id":1,"r":1,"v":"a"}',
      'I {"id":1,"r":11,"v":"a"}',
      'U {"id":2,"r":12,"v":"d"}',
      'D {"id":3,"r":3,"v":"c"}',
    ]);
    await stage.place.execute(
      `INSERT INTO child VALUES (1, 'x'); INSERT INTO base VALUES (1, 'y'); UPDATE base SET v = 'z'; TRUNCATE p`,
    );
    const tables = await stage.place.query(
      `SELECT c.table_name, string_agg(e.operation::text, '' ORDER BY e.id) FROM sluice_capture.event_logs e JOIN sluice_capture.captured_tables c ON c.number = e.table_number GROUP BY 1 ORDER BY 1`,
    );
    expect(tables).toEqual([
      ['base', 'IU'],
      ['child', 'IU'],
      ['p', 'IIIDIUDT'],
    ]);
  });

  test('names of any kind, and columns that are named as what the functions use', async () => {
    const odd = `"Odd ""name"", it's $function$ \\ x
      y"`;
    await capture(
      `CREATE SCHEMA "S.1"; CREATE TABLE "S.1".${odd} (${odd} int, "new" int, "old" int, n int, o int, standing text, tg_op text, sluice text, found bool, "NEW" int, PRIMARY KEY (${odd}, "new"));
       CREATE TABLE "new" (id int PRIMARY KEY, "from" text)`,
      { '*.*': { where: `n IS NULL OR found IS NOT FALSE` }, 'public.*': {} },
    );
    const table = `"S.1".${odd}`;
    await stage.place.execute(`INSERT INTO ${table} VALUES (1, 2, 3, 4, 5, 'x', 'y', 'z', true, 9)`);
    await stage.place.execute(
      `UPDATE ${table} SET "old" = 7; UPDATE ${table} SET "new" = 8; DELETE FROM ${table}`,
    );
    await stage.place.execute(
      `INSERT INTO "new" VALUES (1, 'a'); UPDATE "new" SET id = 2; UPDATE "new" SET "from" = 'b'`,
    );
    const events = await stage.events();
    expect(events.map(({ operation }) => operation).join('')).toBe('IUDIDIDIU');
    const name = `Odd "name", it's $function$ \\ x\n      y`;
    expect(JSON.parse(events[2]?.old ?? '')).toEqual({
      [name]: 1,
      new: 2,
      old: 7,
      n: 4,
      o: 5,
      standing: 'x',
      tg_op: 'y',
      sluice: 'z',
      found: true,
      NEW: 9,
    });
    expect(JSON.parse(events[2]?.key ?? '')).toEqual({ [name]: 1, new: 2 });
    expect(
      await stage.triggers
        .captured(new AbortController().signal)
        .then((all) => all.every(({ intact }) => intact)),
    ).toBe(true);
  });

  test.each(FORMS)(
    'whole rows are compared, whatever their columns are called and were dropped before, by $form',
    async (spec) => {
      await capture(
        `CREATE TABLE t (id int PRIMARY KEY, gone text DEFAULT 'x', n int, o int, c uuid, e boolean);
         INSERT INTO t VALUES (1, 'a', 1, 1), (2, 'b', 2, 2); ALTER TABLE t DROP COLUMN gone; INSERT INTO t VALUES (3, 3, 3)`,
        { t: spec },
      );
      await stage.place.execute('UPDATE t SET n = n, o = o');
      await stage.place.execute('UPDATE t SET n = n + 10, e = id = 2 WHERE id > 1');
      const events = await stage.events();
      const row = (json: string | null): unknown => JSON.parse(json ?? '');
      expect(events.map((event) => [event.operation, row(event.old), row(event.new)])).toEqual([
        ['U', { id: 2, n: 2, o: 2, c: null, e: null }, { id: 2, n: 12, o: 2, c: null, e: true }],
        ['U', { id: 3, n: 3, o: 3, c: null, e: null }, { id: 3, n: 13, o: 3, c: null, e: false }],
      ]);
    },
  );

  test('a table without a key, and one with more columns than a function takes arguments', async () => {
    const names = Array.from({ length: 130 }, (_, at) => `c${at}`);
    await capture(
      `CREATE TABLE keyless (a int, b text); CREATE TABLE wide (${names.map((name) => `${name} int`).join(', ')}, PRIMARY KEY (c0))`,
    );
    await stage.place.execute(
      `INSERT INTO keyless VALUES (1, 'x'); UPDATE keyless SET b = 'y'; DELETE FROM keyless`,
    );
    await stage.place.execute(`INSERT INTO wide SELECT ${names.map((_, at) => at).join(', ')}`);
    expect((await stage.told()).slice(0, 3)).toEqual([
      'I {"a":1,"b":"x"}',
      'U {"a":1,"b":"y"}',
      'D {"a":1,"b":"y"}',
    ]);
    expect(JSON.parse((await stage.events())[3]?.new ?? '')).toEqual(
      Object.fromEntries(names.map((name, at) => [name, at])),
    );
  });

  test.each(FORMS)(
    'a table that is renamed is recorded on, and a column that was renamed or dropped stops nobody: what is recorded says so, by $form',
    async (spec) => {
      await capture(T, { t: spec });
      const application = await applicationOf(stage.place.url);
      try {
        await application.query(
          `INSERT INTO t VALUES (1, 'a', 1); ALTER TABLE t ADD later text; ALTER TABLE t RENAME TO u`,
        );
        await application.query(
          `INSERT INTO u VALUES (2, 'b', 2, 'later'); UPDATE u SET id = 3 WHERE id = 2`,
        );
        expect(await stage.told()).toEqual([
          'I {"id":1,"v":"a","w":1}',
          'I {"id":2,"v":"b","w":2}',
          'D {"id":2,"v":"b","w":2}',
          'I {"id":3,"v":"b","w":2}',
        ]);
        for (const change of ['RENAME v TO renamed', 'DROP w', 'ADD w int, ALTER renamed TYPE varchar(9)']) {
          await application.query(`ALTER TABLE u ${change}`);
          await application.query(
            `INSERT INTO u (id) VALUES (9); UPDATE u SET later = 'x'; DELETE FROM u WHERE id = 9`,
          );
        }
      } finally {
        await application.end();
      }
      const later = (await stage.told()).slice(4);
      expect(new Set(later)).toEqual(
        new Set(['I', 'U', 'D'].map((letter) => `${letter} {"sluice":"not recorded"}`)),
      );
      expect(await stage.triggers.captured(new AbortController().signal)).toMatchObject([
        { intact: false, table: { name: 'u' } },
      ]);
      await stage.deploy({ u: spec });
      await stage.place.execute(`UPDATE u SET later = 'y' WHERE id = 1`);
      expect((await stage.told()).at(-1)).toBe('U {"id":1,"renamed":"a","later":"y","w":null}');
    },
  );

  test('an application that has no right on our schema is recorded', async () => {
    await capture(T);
    const user = `${stage.place.name}_app`;
    await stage.place.execute(
      `CREATE ROLE "${user}" LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON t TO "${user}"`,
    );
    const application = await applicationOf(postgresUrl(stage.place.name, user));
    try {
      await application.query(
        `INSERT INTO t VALUES (1, 'a', 1); UPDATE t SET id = 2; DELETE FROM t; TRUNCATE t`,
      );
      await expect(application.query('SELECT FROM sluice_capture.event_logs')).rejects.toMatchObject({
        code: '42501',
      });
    } finally {
      await application.end();
    }
    expect((await stage.told()).map((each) => each[0]).join('')).toBe('IDIDT');
    expect(await stage.place.query('SELECT DISTINCT db_user FROM sluice_capture.event_logs')).toEqual([
      [user],
    ]);
    await stage.place.execute(`DROP OWNED BY "${user}"; DROP ROLE "${user}"`);
  });
});
