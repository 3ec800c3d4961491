import { afterEach, beforeEach, expect, test } from 'vitest';
import { startThread } from '../../src/databases/sqlite/connections/start-thread.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { compareLive } from '../../src/engine/finishing/live/compare-live.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { verifyLive } from '../../src/engine/finishing/live/verify-live.ts';
import type { VerifyRequest } from '../../src/engine/finishing/verify-table.ts';
import { never } from '../contract/test-tables.ts';
import { TRANSFER } from '../contract/test-transfer.ts';
import { type FollowedTable, followTable } from '../support/followed-table.ts';
import { mariadbPlace } from '../support/mariadb-harness.ts';
import { postgresPlace } from '../support/postgresql-harness.ts';
import { describeWith, type ServerName } from '../support/servers.ts';
import { sqlitePlace } from '../support/sqlite-harness.ts';

interface Place {
  open(): Promise<Database>;
  execute(sql: string): Promise<unknown>;
  drop(): Promise<unknown>;
}

/** With a thread for who writes: waiting for a lock here would keep its holder from going on. */
async function sqliteApart(): Promise<Place> {
  const place = await sqlitePlace();
  await place.execute('PRAGMA journal_mode = wal');
  const thread = await startThread({ path: place.path, mode: 'write', busyTimeoutMs: 20_000 });
  return {
    open: () => place.open(),
    execute: (sql) => thread.call('run', { sql, values: [] }),
    drop: async () => {
      await thread.close();
      await place.drop();
    },
  };
}

const PRODUCTS: readonly (readonly [string, readonly ServerName[], () => Promise<Place>])[] = [
  ['PostgreSQL', ['postgres'], () => postgresPlace()],
  ['MariaDB', ['mariadb'], () => mariadbPlace()],
  ['SQLite', [], sqliteApart],
];

const TABLE = 'CREATE TABLE t (id integer PRIMARY KEY, n integer, seat varchar(20) UNIQUE)';
const ROWS = 1_000;
const seats = `INSERT INTO t VALUES ${Array.from({ length: ROWS }, (_, at) => `(${at + 1}, 0, 's${at + 1}')`).join(', ')}`;

for (const [product, needed, create] of PRODUCTS) {
  describeWith(needed, `verification of ${product} while changes flow`, () => {
    let source: Place;
    let target: Place;
    let ends: { readonly source: Database; readonly target: Database };
    let followed: FollowedTable;
    let writing: Promise<void>;
    let isOver: boolean;
    let written: number;

    beforeEach(async () => {
      [source, target] = await Promise.all([create(), create()]);
      for (const place of [source, target]) for (const sql of [TABLE, seats]) await place.execute(sql);
      const [left, right] = await Promise.all([source.open(), target.open()]);
      ends = { source: left, target: right };
      followed = await followTable(ends, 't');
      followed.start();
      isOver = false;
      written = 0;
      writing = write();
    });
    afterEach(async () => {
      isOver = true;
      await writing;
      await followed.stop();
      await Promise.all([source.drop(), target.drop()]);
    });

    /** Rows from 101 on are changed, rows from 2000 on come and go, all the time. */
    const write = async (): Promise<void> => {
      for (let turn = 0; !isOver; turn += 1) {
        const id = 101 + ((turn * 37) % 800);
        await source.execute(`UPDATE t SET n = n + 1 WHERE id BETWEEN ${id} AND ${id + 20}`);
        await source.execute(`INSERT INTO t VALUES (${2_000 + turn}, 0, 'new ${turn}')`);
        if (turn > 10) await source.execute(`DELETE FROM t WHERE id = ${1_990 + turn}`);
        written += 1;
      }
    };
    const verify = async (
      delay: string,
      { mode = 'rows', planned = followed.planned }: Partial<Pick<VerifyRequest, 'mode' | 'planned'>> = {},
    ) => {
      const spec = {
        source: 'a',
        hub: 'h',
        target: 'b',
        tables: {},
        changes: { verify: { delay } },
      };
      const request = { transfer: TRANSFER, run: followed.run, table: 't', mode, spec, planned };
      const control = { stop: never(), overdue: () => false, progress: () => undefined };
      const found = await verifyLive({ ...ends, changes: followed.changes }, request, control);
      if (!found) throw new Error('nothing stopped it');
      return found;
    };
    const named = (found: Awaited<ReturnType<typeof verify>>) =>
      found.rows?.differences.map(({ kind, key }) => `${kind} ${key.join()}`);

    test('is equal although rows are written all the time', async () => {
      for (const before = written; written < before + 10; ) {
        const found = await verify('60s');
        const live = { different: 0, parked: 0, waiting: 0 };
        expect(found).toMatchObject({ equal: true, drift: false, live });
      }
    });

    test('finds rows that were altered, deleted and added at the target, and tells those apart that wait in quarantine', async () => {
      await target.execute('UPDATE t SET n = 77 WHERE id = 7');
      await target.execute('DELETE FROM t WHERE id = 8');
      await target.execute(`INSERT INTO t VALUES (5000, 1, 'taken')`);
      // The target has such a row, and refuses another one. SQLite, whose keys may be of any type, would set its whole table apart.
      const isApart = product !== 'SQLite';
      if (isApart) await source.execute(`UPDATE t SET seat = 'taken' WHERE id = 9`);
      const before = written;
      const found = await verify('60s');
      const apart = isApart ? ['parked 9'] : [];
      expect(named(found)).toEqual(['different 7', 'missing 8', 'extra 5000', ...apart]);
      expect(found).toMatchObject({
        equal: false,
        drift: false,
        live: { different: 3, parked: apart.length, waiting: 0 },
      });
      expect(written).toBeGreaterThan(before);
    });

    test('no more rows are held than there is room for, and it is told that there may be more', async () => {
      await target.execute('UPDATE t SET n = 77 WHERE id <= 20');
      const { changes, planned } = followed;
      const parked = () => Promise.resolve(new Set<string>());
      const deps = { ...ends, changes, transfer: TRANSFER, parked, clock: systemClock };
      const wanted = { plan: planned.plan, ignoreExtra: false, delayMs: 60_000, rowsPerSecond: 0, most: 10 };
      const control = { stop: never(), overdue: () => false, progress: () => undefined };
      const found = await compareLive(deps, wanted, control);
      expect(found?.isComplete).toBe(false);
      expect(found?.settled.length).toBeGreaterThan(0);
      expect(found?.settled.length).toBeLessThanOrEqual(10);
      // SQLite tells the class of a value, too.
      const ids = found?.settled
        .filter(({ fate }) => fate === 'different')
        .map(({ key }) => key.join().replace('i', ''));
      for (const id of ids ?? []) expect(Number(id)).toBeLessThanOrEqual(20);
    });

    test('what waits for changes that nobody applies cannot be told', async () => {
      await followed.stop();
      await source.execute('UPDATE t SET n = 1 WHERE id = 7');
      const found = await verify('1s');
      expect(found).toMatchObject({ equal: false, drift: true, live: { different: 0, parked: 0 } });
      expect(named(found)).toContain('waiting 7');
      followed.start();
    });

    test('of rows without a name nothing can be told while changes flow', async () => {
      const { plan } = followed.planned;
      const position = { ...plan.position, kind: 'row-address', columns: [] } as const;
      await target.execute('UPDATE t SET n = 77 WHERE id = 7');
      const planned = { ...followed.planned, plan: { ...plan, position, targetKey: [] } };
      await followed.stop();
      const found = await verify('1s', { mode: 'checksum', planned });
      expect(found).toMatchObject({ equal: false, drift: true, untold: true });
      followed.start();
    });
  });
}
