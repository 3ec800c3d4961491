import { afterEach, expect, test } from 'vitest';
import type { PlannedTrigger } from '../../src/engine/ports/trigger-manager.ts';
import { never } from '../contract/test-tables.ts';
import { eventually } from '../support/eventually.ts';
import { applicationOf, createTriggerStage, type TriggerStage } from '../support/postgresql-triggers.ts';
import { describeWith } from '../support/servers.ts';

const T = 'CREATE TABLE t (id int PRIMARY KEY, v text, w int)';

let stage: TriggerStage;
afterEach(() => stage?.close());

const states = (triggers: readonly PlannedTrigger[]): readonly string[] =>
  triggers.map(({ table, name, state }) => `${table.name} ${name.at(-1)} ${state}`);

/** Everything of the database that is not PostgreSQL's own. */
const INVENTORY = `
  SELECT 'class', relnamespace::regnamespace::text, relname::text FROM pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace
  UNION ALL SELECT 'function', pronamespace::regnamespace::text, proname::text FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname::text FROM pg_trigger
  UNION ALL SELECT 'schema', nspname::text, '' FROM pg_namespace WHERE oid >= 16384
  UNION ALL SELECT 'type', typnamespace::regnamespace::text, typname::text FROM pg_type WHERE oid >= 16384 ORDER BY 1, 2, 3`;

describeWith(['postgres'], 'the deployment of triggers of PostgreSQL', () => {
  test('a plan tells new, changed, disabled, altered and lost triggers, and deploying mends all of them', async () => {
    stage = await createTriggerStage(`${T}; CREATE TABLE u (id int PRIMARY KEY)`);
    expect(states((await stage.plan({ t: {} })).triggers)).toEqual([
      't i new',
      't u new',
      't d new',
      't t new',
    ]);
    expect(await stage.deploy({ t: {} })).toMatchObject([{ done: 'deployed', error: null }]);
    expect(await stage.deploy({ t: {} })).toMatchObject([{ done: 'unchanged' }]);
    expect(states((await stage.plan({ t: {} })).triggers)).toEqual([
      't i unchanged',
      't u unchanged',
      't d unchanged',
      't t unchanged',
    ]);
    await stage.place.execute(`ALTER TABLE t DISABLE TRIGGER zzz_sluice_i; DROP TRIGGER zzz_sluice_d ON t;
      CREATE OR REPLACE FUNCTION sluice_capture.captured_1_t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`);
    const plan = await stage.plan({ t: { columns: { exclude: ['w'] } }, u: {} });
    expect(states(plan.triggers).slice(0, 4)).toEqual([
      't i disabled',
      't u changed',
      't d new',
      't t changed',
    ]);
    expect(plan.triggers[1]?.before).toContain('NEW."w"');
    expect(plan.triggers[1]?.after).not.toContain('NEW."w"');
    expect(plan.triggers[3]?.before).toContain('BEGIN RETURN NULL; END');
    expect(states((await stage.plan({ u: {} })).triggers).slice(4)).toEqual([
      't i orphan',
      't t orphan',
      't u orphan',
    ]);
    expect(await stage.triggers.captured(never())).toMatchObject([{ number: 1, intact: false }]);
    expect(await stage.deploy({ t: { operations: ['insert', 'delete'] } })).toMatchObject([
      { done: 'deployed' },
    ]);
    expect(await stage.triggers.captured(never())).toMatchObject([
      {
        number: 1,
        intact: true,
        columns: ['id', 'v', 'w'],
        primaryKey: ['id'],
        spec: { operations: ['insert', 'delete'] },
      },
    ]);
    await stage.place.execute(
      `INSERT INTO t VALUES (1, 'a', 1); UPDATE t SET v = 'b'; DELETE FROM t; TRUNCATE t`,
    );
    expect((await stage.told()).map((each) => each[0]).join('')).toBe('ID');
  });

  test('a number is the table’s for ever: dropped and deployed again it is the same, another table of the name has another', async () => {
    stage = await createTriggerStage(T);
    await stage.deploy({ t: {} });
    const table = { schema: 'public', name: 't' };
    expect(await stage.triggers.drop([table], never())).toMatchObject([{ done: 'dropped' }]);
    expect(await stage.triggers.drop([table], never())).toMatchObject([{ done: 'unchanged' }]);
    expect(await stage.triggers.captured(never())).toEqual([]);
    await stage.deploy({ t: {} });
    expect(await stage.triggers.captured(never())).toMatchObject([{ number: 1, intact: true }]);
    await stage.place.execute(`DROP TABLE t; ${T}`);
    expect(await stage.triggers.captured(never())).toMatchObject([{ number: 1, intact: false }]);
    await stage.deploy({ t: {} });
    expect(await stage.triggers.captured(never())).toMatchObject([{ number: 2, intact: true }]);
    expect(await stage.place.query(`SELECT count(*) FROM pg_proc WHERE proname ~ '^captured_1_'`)).toEqual([
      ['0'],
    ]);
  });

  test('nothing is left of it when it is uninstalled, and what others put into its schema stays', async () => {
    stage = await createTriggerStage(
      `${T}; CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT`,
    );
    await stage.triggers.uninstall(never());
    const before = await stage.place.query(INVENTORY);
    await stage.triggers.install(never());
    await stage.triggers.install(never());
    await stage.deploy({ t: {}, p: {} });
    await stage.place.execute(`INSERT INTO t VALUES (1, 'a', 1); INSERT INTO p VALUES (1)`);
    const listed = await stage.database.introspector.listTables(never());
    expect(listed.map(({ table }) => table.name)).toEqual(['p', 't']);
    await stage.triggers.uninstall(never());
    expect(await stage.place.query(INVENTORY)).toEqual(before);
    expect(await stage.triggers.isInstalled(never())).toBe(false);
    await expect(stage.deploy({ t: {} })).rejects.toMatchObject({ code: 'capture.not_installed' });
    await stage.triggers.install(never());
    await stage.place.execute('CREATE TABLE sluice_capture.theirs ()');
    await stage.triggers.uninstall(never());
    expect(
      await stage.place.query(
        `SELECT count(*) FROM pg_class WHERE relnamespace = 'sluice_capture'::regnamespace`,
      ),
    ).toEqual([['1']]);
  });

  test('an installation is another one after it was made anew, and the same for whoever asks', async () => {
    stage = await createTriggerStage(T);
    const first = await stage.triggers.incarnation(never());
    await Promise.all([stage.triggers.install(never()), stage.triggers.install(never())]);
    expect(await stage.triggers.incarnation(never())).toBe(first);
    await stage.triggers.uninstall(never());
    await stage.triggers.install(never());
    expect(await stage.triggers.incarnation(never())).not.toBe(first);
  });

  test('a table that is held is given up with the process that holds it, and nobody waits behind us for long', async () => {
    stage = await createTriggerStage(`${T}; CREATE TABLE u (id int PRIMARY KEY)`, 2);
    const holder = await applicationOf(stage.place.url);
    const other = await applicationOf(stage.place.url);
    try {
      await holder.query(`BEGIN; INSERT INTO t VALUES (1, 'a', 1)`);
      const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const deployed = stage.deploy({ t: {}, u: {} });
      await other.query(`SET statement_timeout = '3s'; INSERT INTO t VALUES (2, 'b', 2)`);
      expect(await deployed).toMatchObject([
        {
          done: 'failed',
          error: {
            code: 'database.transient',
            message: expect.stringContaining(`process ${rows[0]?.pid} (the application`),
          },
        },
        { done: 'deployed', error: null },
      ]);
      expect(await stage.triggers.captured(never())).toMatchObject([{ table: { name: 'u' } }]);
      await holder.query('COMMIT');
    } finally {
      await holder.end();
      await other.end();
    }
    expect(await stage.deploy({ t: {} })).toMatchObject([{ done: 'deployed' }]);
  });

  test('deploying again and again under writers loses and doubles no event', async () => {
    stage = await createTriggerStage('CREATE TABLE t (id bigserial PRIMARY KEY, v int, w int)');
    await stage.deploy({ t: {} });
    let stopping = false;
    let written = 0;
    const writer = async (): Promise<void> => {
      const client = await applicationOf(stage.place.url);
      try {
        while (!stopping) {
          await client.query(
            `BEGIN; INSERT INTO t (v) VALUES (1); UPDATE t SET v = v + 1 WHERE id = currval('t_id_seq'); COMMIT`,
          );
          written += 1;
        }
      } finally {
        await client.end();
      }
    };
    const writers = [writer(), writer()];
    try {
      for (const spec of [
        { expressions: { x: 'v + 1' } },
        {},
        { form: 'statement' },
        { form: 'row' },
        { key: 'none' },
        {},
      ] as const) {
        const before = written;
        expect(await stage.deploy({ t: spec })).toMatchObject([{ done: 'deployed' }]);
        await eventually('writers went on', () => written > before + 5);
      }
    } finally {
      stopping = true;
      await Promise.all(writers);
    }
    const [row] = await stage.place.query(
      `SELECT count(*) FILTER (WHERE operation = 'I'), count(*) FILTER (WHERE operation = 'U'), count(DISTINCT new::json->>'id') FROM sluice_capture.event_logs`,
    );
    expect(row).toEqual([String(written), String(written), String(written)]);
  });

  test.each([
    ['a second statement', '1=1); DROP TABLE t'],
    ['a semicolon', 'true; DROP TABLE t'],
    ['a comment', 'true -- x'],
    ['two expressions', 'true, true'],
    ['a subquery', 'EXISTS (SELECT FROM t)'],
    ['a column that is not there', 'x > 1'],
    ['no condition', 'w + 1'],
    ['what is not immutable', 'v < now()::text'],
    ['a function of the user', 'public.mine(w)'],
    ['an aggregate', 'count(*) > 1'],
    ['what fails always', '1 / 0 = 1'],
    ['an alias', 'true AS x'],
    ['a dollar quote', 'v = $$x$$'],
  ])('a condition that is %s is refused with its text', async (_, where) => {
    stage = await createTriggerStage(
      `${T}; CREATE FUNCTION mine(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true'`,
    );
    await expect(stage.plan({ t: { where } })).rejects.toMatchObject({
      code: 'capture.condition_invalid',
      message: expect.stringContaining(where),
      details: { table: 'public.t', where: 'where' },
    });
    expect(await stage.deploy({ t: { where } })).toMatchObject([
      { done: 'failed', error: { code: 'capture.condition_invalid' } },
    ]);
    expect(
      await stage.place.query(`SELECT count(*) FROM pg_class WHERE relname IN ('t', 'sluice_row')`),
    ).toEqual([['1']]);
  });

  test('what cannot be captured is refused and what is not seen is told', async () => {
    stage = await createTriggerStage(`${T}; CREATE UNLOGGED TABLE keyless (a int, b int);
      CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE taken (id int PRIMARY KEY);
      CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER zzz_sluice_i AFTER INSERT ON taken FOR EACH ROW EXECUTE FUNCTION theirs()`);
    const statement = { form: 'statement' } as const;
    const plan = await stage.plan({ keyless: statement, p: statement, taken: {}, t: {} });
    const texts = (list: typeof plan.refusals) => list.map(({ table, text }) => `${table.name}: ${text}`);
    expect(texts(plan.refusals)).toEqual([
      expect.stringContaining('keyless: form: statement cannot be: without a primary key'),
      expect.stringContaining('p: form: statement cannot be: a change of one partition'),
      expect.stringContaining('taken: it has a trigger zzz_sluice_i that is not ours'),
    ]);
    expect(states(plan.triggers)).toEqual(['t i new', 't u new', 't d new', 't t new']);
    expect(texts((await stage.plan({ keyless: {} })).warnings).join('\n')).toMatch(
      /no primary key[\s\S]*unlogged[\s\S]*session_replication_role/,
    );
    expect(await stage.deploy({ taken: {} })).toMatchObject([
      { done: 'failed', error: { code: 'capture.table_unsupported' } },
    ]);
  });
});
