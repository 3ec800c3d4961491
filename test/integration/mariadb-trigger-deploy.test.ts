import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderInsertEvent } from '../../src/databases/mysql/capture/triggers/render-event.ts';
import {
  besideOf,
  renderMarked,
  replaceBeside,
} from '../../src/databases/mysql/capture/triggers/replace-beside.ts';
import { openSession } from '../../src/databases/mysql/connections/session.ts';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import type { CapturedTableSpec } from '../../src/model/capture-spec.ts';
import { never } from '../contract/test-tables.ts';
import { eventually } from '../support/eventually.ts';
import {
  type MariadbChanges,
  mariadbChanges,
  type MariadbWriter,
  openWriter,
  PLACE,
} from '../support/mariadb-changes.ts';
import { MARIADB_OPTIONS, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeProducts } from '../support/describe-products.ts';

/** A binary log, which MySQL has by default, is what that server asks about first. */
const WHAT_TO_ASK = {
  mariadb: /^GRANT TRIGGER, SELECT ON /,
  mysql: /^SET GLOBAL log_bin_trust_function_creators = 1;$/,
} as const;

describeProducts('deploying triggers', (product) => {
  let source: MariadbChanges;
  beforeEach(async () => {
    source = await mariadbChanges(product);
    await source.execute('CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)');
  });
  afterEach(() => source.drop());

  const planOf = async (specs: Readonly<Record<string, CapturedTableSpec>>) => {
    const { triggers } = await source.triggers.plan(await source.tables(specs), never());
    return triggers.map(({ name, state }) => `${name} ${state}`);
  };
  const standing = async (): Promise<readonly string[]> =>
    (
      await source.query(
        `SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '${source.place.name}' ORDER BY 1`,
      )
    ).map(([name]) => name!);
  const all = (state: string) =>
    ['insert', 'update', 'delete'].map((operation) => `sluice_${operation}_t ${state}`);
  const table = () => ({ schema: source.place.name, name: 't' });

  test('makes what the plan shows, and finds it unchanged then', async () => {
    expect(await planOf({ t: {} })).toEqual(all('new'));
    expect(await standing()).toEqual([]);
    const outcomes = await source.triggers.deploy(await source.tables({ t: {} }), never());
    expect(outcomes).toEqual([{ table: table(), done: 'deployed', error: null }]);
    expect(await planOf({ t: {} })).toEqual(all('unchanged'));
    const again = await source.triggers.deploy(await source.tables({ t: {} }), never());
    expect(again).toMatchObject([{ done: 'unchanged' }]);
    expect(await source.triggers.captured(never())).toEqual([
      { number: 1, table: table(), columns: ['id', 'n'], primaryKey: ['id'], spec: {}, intact: true },
    ]);
  });

  test('shows what it would change with the statements, and takes away what is not wanted any more', async () => {
    await source.deploy({ t: {} });
    const spec: CapturedTableSpec = { operations: ['insert', 'update'], where: 'n > 0' };
    const { triggers } = await source.triggers.plan(await source.tables({ t: spec }), never());
    expect(triggers.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'sluice_insert_t changed',
      'sluice_update_t changed',
      'sluice_delete_t orphan',
    ]);
    expect(triggers[0]!.before).toMatch(/^CREATE TRIGGER .* AFTER INSERT ON .*`t` FOR EACH ROW\nBEGIN/);
    expect(triggers[0]!.after).toContain('NEW.`n` > 0');
    expect(triggers[2]).toMatchObject({ after: null });
    await source.deploy({ t: spec });
    expect(await standing()).toEqual(['sluice_insert_t', 'sluice_update_t']);
    expect(await planOf({})).toEqual(['sluice_insert_t orphan', 'sluice_update_t orphan']);
  });

  test('takes triggers away and leaves the events, and gives the table its number again', async () => {
    await source.deploy({ t: {} });
    await source.execute('INSERT INTO t VALUES (1, 1)');
    expect(await source.triggers.drop([table()], never())).toEqual([
      { table: table(), done: 'dropped', error: null },
    ]);
    expect(await standing()).toEqual([]);
    expect(await source.triggers.captured(never())).toEqual([]);
    expect(await source.events()).toBe(1);
    await source.execute('CREATE TABLE u (id int PRIMARY KEY)');
    await source.deploy({ u: {}, t: {} });
    const numbers = await source.triggers.captured(never());
    expect(numbers.map(({ number, table: { name } }) => `${name} ${number}`)).toEqual(['t 1', 'u 2']);
  });

  test.each([
    ['was dropped', 'DROP TRIGGER sluice_update_t'],
    [
      'was replaced',
      'DROP TRIGGER sluice_update_t; CREATE TRIGGER sluice_update_t AFTER UPDATE ON t FOR EACH ROW INSERT INTO sluice_captured_tables (number) VALUES (NEW.id)',
    ],
    ['went with its table', 'DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)'],
  ])('tells of a table whose trigger %s that it is not intact', async (_, damage) => {
    await source.deploy({ t: {} });
    await source.execute(damage);
    expect(await source.triggers.captured(never())).toMatchObject([{ intact: false }]);
  });

  test('leaves a trigger alone that has our name and is not ours, and those of the application', async () => {
    await source.execute(`CREATE TABLE log (n int); CREATE TRIGGER own AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (1);
      CREATE TRIGGER sluice_update_t AFTER UPDATE ON t FOR EACH ROW INSERT INTO log VALUES (2)`);
    const { refusals } = await source.triggers.plan(await source.tables({ t: {} }), never());
    expect(refusals).toMatchObject([{ text: expect.stringContaining('sluice_update_t that is not ours') }]);
    const outcomes = await source.triggers.deploy(await source.tables({ t: {} }), never());
    expect(outcomes).toMatchObject([{ done: 'failed', error: { code: 'capture.table_unsupported' } }]);
    expect(await standing()).toEqual(['own', 'sluice_update_t']);
    await source.triggers.uninstall(never());
    expect(await standing()).toEqual(['own', 'sluice_update_t']);
  });

  test('refuses what cannot be recorded, with the reason', async () => {
    await source.execute('CREATE TABLE m (id int PRIMARY KEY) ENGINE=MyISAM; CREATE TABLE k (v int)');
    const specs = { m: {}, k: { payload: 'key' as const } };
    const { refusals } = await source.triggers.plan(await source.tables(specs), never());
    expect(refusals.map(({ table: { name }, text }) => `${name}: ${text}`).toSorted()).toEqual([
      expect.stringMatching(/^k: .*no primary key/),
      expect.stringMatching(/^m: its engine is MyISAM/),
    ]);
  });

  test('warns of what no trigger sees', async () => {
    await source.execute(
      'CREATE TABLE g (id int PRIMARY KEY, d int AS (id * 2)) PARTITION BY HASH (id) PARTITIONS 2',
    );
    const { warnings } = await source.triggers.plan(await source.tables({ g: {} }), never());
    const texts = warnings.map(({ text }) => text).join('\n');
    for (const each of [
      /TRUNCATE fires no trigger/,
      /DROP, TRUNCATE and EXCHANGE PARTITION/,
      /generated columns .*: d/,
    ])
      expect(texts).toMatch(each);
  });

  test('our tables are none of the source, and installing again changes nothing', async () => {
    const before = await source.triggers.incarnation(never());
    await Promise.all([source.triggers.install(never()), source.triggers.install(never())]);
    expect(await source.triggers.isInstalled(never())).toBe(true);
    expect(await source.triggers.incarnation(never())).toBe(before);
    const listed = await source.database.introspector.listTables(never());
    expect(listed.map(({ table: { name } }) => name)).toEqual(['t']);
  });

  test('uninstalling leaves nothing', async () => {
    await source.execute(
      'CREATE TABLE p (id int PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES p (id) ON DELETE CASCADE',
    );
    await source.deploy({ t: {}, p: {} });
    await source.changes.register('x', [{ lane: 1, tables: [1] }], never());
    expect(await standing()).toContain('sluice_cascade_p');
    await source.triggers.uninstall(never());
    expect(await standing()).toEqual([]);
    expect((await source.query('SHOW TABLES')).map(([name]) => name)).toEqual(['p', 't']);
    expect(await source.triggers.isInstalled(never())).toBe(false);
    await source.triggers.uninstall(never());
    await expect(source.triggers.incarnation(never())).rejects.toMatchObject({
      code: 'capture.not_installed',
    });
    await expect(source.triggers.deploy([], never())).rejects.toMatchObject({
      code: 'capture.not_installed',
    });
    await source.execute('INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1)');
  });

  describe('while the application writes', () => {
    test('records everything from then on, once, however often triggers are made anew, and fails nothing', async () => {
      await source.deploy({ t: {} });
      let isOver = false;
      const committed: number[] = [];
      const write = async (first: number): Promise<void> => {
        const writer = await openWriter(source.place.url);
        for (let id = first; !isOver; id += 3) {
          await writer.insert('t', [id]);
          committed.push(id);
        }
        await writer.close();
      };
      const writing = Promise.all([1, 2, 3].map(write));
      for (let time = 0; time < 10; time += 1)
        await source.deploy({ t: time % 2 === 0 ? { expressions: { time: String(time) } } : {} });
      isOver = true;
      await writing;
      const rows = await source.query(
        `SELECT JSON_VALUE(new_row, '$.id') FROM sluice_event_logs ORDER BY CAST(JSON_VALUE(new_row, '$.id') AS SIGNED)`,
      );
      expect(rows.map(([id]) => Number(id))).toEqual(committed.toSorted((a, b) => a - b));
      expect(committed.length).toBeGreaterThan(10);
    });

    /** MariaDB has a statement for it. */
    test.runIf(product === 'mysql')(
      'records each row once wherever the process ends that replaces a trigger, and the next one ends what it began',
      async () => {
        const insertBy = (text: string) => ({
          name: 'sluice_insert_t',
          when: 'AFTER INSERT',
          body: renderMarked(table(), {
            kind: 'insert',
            name: 'sluice_insert_t',
            when: 'AFTER INSERT',
            body: `BEGIN\n${renderInsertEvent(source.names, 1, { operation: "'I'", key: 'NULL', old: 'NULL', new: `CONCAT('${text} ', NEW.id)` })}\nEND`,
          }).body,
        });
        const session = await openSession(mysql.parseUrl(source.place.url, {}), 'sluice-test');
        /** @param statements  after so many it dies */
        const replaceBy = async (text: string, statements: number): Promise<void> => {
          let left = statements;
          const run = async (statement: string): Promise<void> => {
            if (left === 0) throw new Error('killed');
            left -= 1;
            await session.query(statement);
          };
          await replaceBeside(session, { table: table(), text: insertBy(text), run });
        };
        await replaceBy('a', 1);
        let id = 0;
        const written: number[] = [];
        const writeBy = async (writer: MariadbWriter): Promise<void> => {
          written.push((id += 1));
          await writer.insert('t', [id]);
        };
        const STATEMENTS = 6;
        const ends: string[] = [];
        const known = await source.writer();
        await writeBy(known); // its session has the mark of the old one
        for (let dies = 0; dies <= STATEMENTS; dies += 1) {
          const old = await source.writer();
          await old.execute(
            'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT',
          );
          ends.push(
            await replaceBy(`b${dies}`, dies).then(
              () => 'made',
              () => 'killed',
            ),
          );
          for (const writer of [known, await source.writer(), old]) await writeBy(writer);
          await old.commit();
          // Another one that dies where this one did, and one that does not.
          if (dies < STATEMENTS) await replaceBy(`c${dies}`, dies).catch(() => undefined);
          await writeBy(known);
          await replaceBy('a', STATEMENTS + 1);
          for (const writer of [known, await source.writer()]) await writeBy(writer);
          expect(await standing()).toEqual(['sluice_insert_t']);
        }
        await session.end();
        expect(ends).toEqual([...Array.from({ length: STATEMENTS }, () => 'killed'), 'made']);
        const rows = await source.query(
          `SELECT SUBSTRING_INDEX(new_row, ' ', -1) FROM sluice_event_logs ORDER BY id`,
        );
        expect(rows.map(([row]) => Number(row))).toEqual(written);
      },
    );

    test.runIf(product === 'mysql')(
      'takes away what stood beside a trigger when its maker died',
      async () => {
        await source.deploy({ t: {} });
        const { first, last } = besideOf(table(), 'sluice_insert_t');
        await source.execute(
          `CREATE TRIGGER ${first} AFTER INSERT ON t FOR EACH ROW PRECEDES sluice_insert_t SET @${first.replace('_first', '')} = NULL`,
        );
        await source.execute(
          `CREATE TRIGGER ${last} AFTER INSERT ON t FOR EACH ROW BEGIN IF FALSE THEN INSERT INTO ${source.names.events} (id) VALUES (NULL); END IF; END`,
        );
        expect(await source.triggers.captured(never())).toMatchObject([{ intact: false }]);
        expect(await planOf({ t: {} })).toEqual([...all('unchanged'), `${first} orphan`, `${last} orphan`]);
        await source.deploy({ t: {} });
        expect(await standing()).toEqual(['sluice_delete_t', 'sluice_insert_t', 'sluice_update_t']);
        expect(await source.triggers.captured(never())).toMatchObject([{ intact: true }]);
      },
    );

    test('waits for a transaction that has the table, and holds up others for a moment only', async () => {
      const long = await source.writer();
      await long.begin();
      await long.insert('t', [1]);
      const deploying = source.deploy({ t: {} });
      const waits: number[] = [];
      const other = await source.writer();
      await eventually('the deployment waited several times', async () => {
        const before = performance.now();
        await other.insert('t', [waits.length + 10]);
        waits.push(performance.now() - before);
        return waits.filter((each) => each > 300).length >= 2 && waits.length > 4;
      });
      expect(Math.max(...waits)).toBeLessThan(3_000);
      await long.commit();
      await deploying;
      await other.insert('t', [5]);
      expect(await source.events()).toBe(1);
    });
  });
});

describeProducts('a user without the rights', (product) => {
  test('is told which to give', async () => {
    const place = await mariadbPlace(product);
    const user = `${place.name.slice(-8)}_few`;
    await place.execute(
      `CREATE TABLE t (id int PRIMARY KEY); CREATE USER '${user}'@'%' IDENTIFIED BY 'p'; GRANT SELECT ON ${place.name}.* TO '${user}'@'%'`,
    );
    const url = new URL(place.url);
    Object.assign(url, { username: user, password: 'p' });
    const database = await mysql.open(mysql.parseUrl(url.href, {}), MARIADB_OPTIONS);
    try {
      const { triggers } = database.capture!(PLACE);
      await expect(triggers.install(never())).rejects.toMatchObject({
        code: 'database.permission_denied',
        details: { suggestion: expect.stringMatching(/^GRANT CREATE.* ON `.*`\.\* TO '.*_few'@'%';$/) },
      });
      await place.execute(
        `GRANT CREATE, ALTER, DROP, REFERENCES, INSERT, UPDATE, DELETE ON ${place.name}.* TO '${user}'@'%'`,
      );
      await triggers.install(never());
      const tables = await database.introspector.describeTables([{ schema: place.name, name: 't' }], never());
      const outcomes = await triggers.deploy(
        tables.map((table) => ({ table, spec: {} })),
        never(),
      );
      expect(outcomes).toMatchObject([
        {
          done: 'failed',
          error: {
            code: 'database.permission_denied',
            suggestion: expect.stringMatching(WHAT_TO_ASK[product]),
          },
        },
      ]);
    } finally {
      await database.close();
      await place.execute(`DROP USER '${user}'@'%'`);
      await place.drop();
    }
  });
});
