import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/engine/writing/apply-batch.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never } from '../contract/test-tables.ts';
import { entryOf, laneOf, startTable, TRANSFER } from '../contract/test-transfer.ts';
import { makeStructures, planStructures } from '../support/copy-structure.ts';
import { restoreKeys } from '../../src/engine/structure/restore-keys.ts';
import { eventually } from '../support/eventually.ts';
import { makeBatch } from '../support/make-batch.ts';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import {
  mariadbHarness as harness,
  MARIADB_OPTIONS,
  type MariadbPlace,
  mariadbPlace,
} from '../support/mariadb-harness.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['mariadb'], 'clearing a table of MariaDB, which commits by itself', () => {
  let place: MariadbPlace;
  let database: Database;
  beforeEach(async () => {
    place = await mariadbPlace();
    database = await place.open();
  });
  afterEach(() => place.drop());

  test('a lane that is opened while the table is cleared brings no row of the older generation', async () => {
    await place.execute('CREATE TABLE items (id bigint PRIMARY KEY, note longtext)');
    const spec = { write: { mode: 'truncate' as const } };
    const started = await startTable(harness, { source: database, target: database }, 'items', { spec });
    const run = { transfer: TRANSFER, run: started.run };
    // Somebody reads the table, so that clearing it waits.
    const reader = await createConnection({ uri: place.url.replace('mariadb:', 'mysql:') });
    try {
      await reader.query('START TRANSACTION');
      await reader.query('SELECT * FROM items LIMIT 1');
      const planning = database.ledger.planTable(
        run,
        entryOf(started.plan, { generation: 2 }),
        { replaceBy: null },
        never(),
      );
      await eventually('the clearing waits', async () => {
        const waiting = await place.query(
          "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE '%metadata lock%' AND DB = DATABASE()",
        );
        return Number(waiting[0]?.[0]) > 0;
      });
      const opening = await database.ledger.openLane(laneOf(started), never()).catch(() => null);
      await reader.query('COMMIT');
      await planning;
      const { attempt, epoch } = opening ?? { attempt: 1, epoch: '' };
      const late = makeBatch({ ...laneOf(started), attempt, epoch, n: 1, rows: 1 }, Buffer.from('7\tlate\n'));
      expect(await applyBatch(database.writer, started.plan, late, never())).toMatchObject({
        outcome: 'dropped',
      });
      expect(await place.query('SELECT * FROM items')).toEqual([]);
    } finally {
      await reader.end();
    }
  });

  describe('a worker that is killed when it has dropped a key and not written the plan', () => {
    const keys = async (at: MariadbPlace) =>
      at.query(
        'SELECT CONSTRAINT_NAME, DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE "sluice%"',
      );
    const started = async (to: MariadbPlace) => {
      await place.execute(
        'CREATE TABLE adults (id int PRIMARY KEY); CREATE TABLE kids (id int PRIMARY KEY, of int, CONSTRAINT of_adult FOREIGN KEY (of) REFERENCES adults (id) ON DELETE CASCADE)',
      );
      const ends = { source: database, target: await to.open() };
      await makeStructures(ends);
      const wish = { execution: 'two', write: { mode: 'truncate' } } as const;
      const reader = await createConnection({ uri: to.url.replace('mariadb:', 'mysql:') });
      try {
        // The key is gone, and clearing the table waits: here the worker dies.
        await reader.query('START TRANSACTION');
        await reader.query('SELECT * FROM adults LIMIT 1');
        const planning = planStructures(ends, wish).then(
          () => 'planned',
          () => 'died',
        );
        const waiting = await eventually('the clearing waits', async () => {
          const found = await to.query(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'TRUNCATE%' AND STATE LIKE '%metadata lock%' AND DB = DATABASE()",
          );
          return found[0]?.[0];
        });
        expect(await keys(to)).toEqual([]);
        await to.execute(`KILL ${waiting}`);
        expect(await planning).toBe('died');
      } finally {
        await reader.end();
      }
      return { ends, wish, run: { transfer: 'night', run: 2 } };
    };

    test('has the key made again at the end of the run, once', async () => {
      const to = await mariadbPlace();
      try {
        const { ends, run } = await started(to);
        expect(await restoreKeys(ends.target, run, never())).toEqual([]);
        expect(await keys(to)).toEqual([['of_adult', 'CASCADE']]);
        expect(await restoreKeys(ends.target, run, never())).toEqual([]);
        expect(await keys(to)).toEqual([['of_adult', 'CASCADE']]);
      } finally {
        await to.drop();
      }
    });

    test('is followed by one whose plan has the key too', async () => {
      const to = await mariadbPlace();
      try {
        const { ends, run, wish } = await started(to);
        const again = await planStructures(ends, wish);
        expect(again.run).toBe(run.run);
        const { plan } = (await ends.target.ledger.readTable('night', 2, again.plans[0]!.id, never()))!;
        expect(plan.droppedKeys).toMatchObject([{ table: { name: 'kids' }, key: { name: 'of_adult' } }]);
        expect(await again.restore()).toEqual([]);
        expect(await keys(to)).toEqual([['of_adult', 'CASCADE']]);
      } finally {
        await to.drop();
      }
    });
  });

  describe('a table that another one refers to', () => {
    const parents =
      'CREATE TABLE parents (id bigint PRIMARY KEY, note longtext); INSERT INTO parents VALUES (1, NULL), (2, NULL)';
    const children = (rule: string, rows: string): Promise<void> =>
      place.execute(`${parents}; CREATE TABLE children (id int PRIMARY KEY, parent bigint NULL, FOREIGN KEY (parent) REFERENCES parents (id) ${rule});
        INSERT INTO children VALUES ${rows}`);
    const clear = async () => {
      const spec = { write: { mode: 'truncate' as const } };
      return startTable(harness, { source: database, target: database }, 'parents', { spec });
    };
    const counts = async () =>
      (await place.query('SELECT (SELECT COUNT(*) FROM parents), (SELECT COUNT(*) FROM children)'))[0];

    test.each([['ON DELETE CASCADE'], ['ON DELETE SET NULL'], ['']])(
      'with %s is not cleared while rows refer to its rows',
      async (rule) => {
        await children(rule, '(1, 1), (2, NULL)');
        await expect(clear()).rejects.toMatchObject({ code: 'target.constraint_violated', retry: 'manual' });
        expect(await counts()).toEqual(['2', '2']);
        expect(await place.query('SELECT parent FROM children WHERE id = 1')).toEqual([['1']]);
      },
    );

    test.each([['ON DELETE CASCADE'], ['ON DELETE SET NULL'], ['']])(
      'with %s is cleared when no row refers to it, and the others stay as they are',
      async (rule) => {
        await children(rule, '(1, NULL), (2, NULL)');
        await clear();
        expect(await counts()).toEqual(['0', '2']);
      },
    );

    describe('where the user may not see all of them', () => {
      /** The user sees the table, the ledger and one of the two that refer to it. */
      const openAs = async (rights: string): Promise<Database> => {
        const user = `${place.name.slice(-8)}_few`;
        await place.execute(
          `CREATE USER '${user}'@'%' IDENTIFIED BY 'few'; ${rights.replaceAll('USER', `'${user}'@'%'`)}`,
        );
        const url = new URL(place.url);
        Object.assign(url, { username: user, password: 'few' });
        const few = await mysql.open(mysql.parseUrl(url.href, {}), MARIADB_OPTIONS);
        return { ...few, close: () => few.close().then(() => place.execute(`DROP USER '${user}'@'%'`)) };
      };
      const rights = () =>
        ['parents', 'sluice_runs', 'sluice_tables', 'sluice_lanes', 'sluice_parked', 'sluice_drift']
          .map((table) => `GRANT ALL ON \`${place.name}\`.${table} TO USER`)
          .join('; ');
      const clearAs = async (more: string): Promise<unknown> => {
        await place.execute(`CREATE TABLE others (parent bigint, CONSTRAINT of_other FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE);
          INSERT INTO others VALUES (1)`);
        await database.ledger.install(never());
        const few = await openAs(`${rights()}; GRANT SELECT ON \`${place.name}\`.children TO USER; ${more}`);
        try {
          const spec = { write: { mode: 'truncate' as const } };
          await startTable(harness, { source: few, target: few }, 'parents', { spec });
          return null;
        } catch (error) {
          return error;
        } finally {
          await few.close();
        }
      };

      test.each([
        ['PROCESS tells of it', 'GRANT PROCESS ON *.* TO USER', /GRANT SELECT/],
        ['nothing tells of it', 'GRANT USAGE ON *.* TO USER', /GRANT PROCESS ON \*\.\* TO '\w+_few'@'%'/],
      ])('it is not cleared: %s', async (_, more, suggestion) => {
        await children('ON DELETE CASCADE', '(1, NULL)');
        expect(await clearAs(more)).toMatchObject({
          code: 'target.constraint_violated',
          details: { suggestion: expect.stringMatching(suggestion) as string },
        });
        expect(
          await place.query('SELECT (SELECT COUNT(*) FROM parents), (SELECT COUNT(*) FROM others)'),
        ).toEqual([['2', '1']]);
      });

      test('it is cleared when PROCESS says that there is no other', async () => {
        await children('ON DELETE CASCADE', '(1, NULL)');
        await database.ledger.install(never());
        const few = await openAs(
          `${rights()}; GRANT SELECT ON \`${place.name}\`.children TO USER; GRANT PROCESS ON *.* TO USER`,
        );
        try {
          const spec = { write: { mode: 'truncate' as const } };
          await startTable(harness, { source: few, target: few }, 'parents', { spec });
        } finally {
          await few.close();
        }
        expect(await counts()).toEqual(['0', '1']);
      });
    });

    test('is cleared whatever letters its name has', async () => {
      await children('ON DELETE CASCADE', '(1, NULL)');
      await place.execute('RENAME TABLE parents TO `pa-réñts $`');
      const spec = { write: { mode: 'truncate' as const } };
      await startTable(harness, { source: database, target: database }, 'pa-réñts $', { spec });
      expect(await place.query('SELECT COUNT(*) FROM `pa-réñts $`')).toEqual([['0']]);
    });

    test('is not cleared while somebody is adding a row that refers to it', async () => {
      await children('ON DELETE CASCADE', '(1, NULL)');
      const other = await createConnection({ uri: place.url.replace('mariadb:', 'mysql:') });
      try {
        await other.query('START TRANSACTION');
        await other.query('INSERT INTO children VALUES (2, 2)');
        const clearing = clear().then(
          () => 'cleared',
          (error: { readonly code?: string }) => error.code,
        );
        await eventually('the clearing waits', async () => {
          const waiting = await place.query(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE '%FOR UPDATE' AND TIME_MS > 200",
          );
          return Number(waiting[0]?.[0]) > 0;
        });
        await other.query('COMMIT');
        expect(await clearing).toBe('target.constraint_violated');
        expect(await counts()).toEqual(['2', '2']);
      } finally {
        await other.end();
      }
    });
  });
});
