import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningMariadb } from '../../scripts/servers/start-mariadb.mjs';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { eventsOf, LANE, sealOne, textOf, TRANSFER } from '../contract/changes-steps.ts';
import { never } from '../contract/test-tables.ts';
import { copyTable } from '../support/copy-table.ts';
import { blocksOf } from '../support/docs.ts';
import { PLACE } from '../support/mariadb-changes.ts';
import { MARIADB_OPTIONS, type MariadbPlace, mariadbPlace } from '../support/mariadb-harness.ts';
import { describeWith, startOwnMariadb } from '../support/servers.ts';

/** The page speaks of the databases shop and warehouse, and of the user app; here they are as it says. */
const [SOURCE_GRANTS = '', TARGET_GRANTS = '', CAPTURE_GRANTS = ''] = blocksOf(
  'how-to/run-mysql.md',
  'sql',
).filter((block) => block.startsWith('GRANT'));

describeWith(['mariadb'], 'a user with the rights that docs/how-to/run-mysql.md gives', () => {
  let server: RunningMariadb;
  let admin: MariadbPlace;
  let source: Database;
  let target: Database;

  const openAs = (user: string, database: string): Promise<Database> => {
    const url = new URL(server.url);
    Object.assign(url, { username: user, password: 'p', pathname: `/${database}` });
    return mysql.open(mysql.parseUrl(url.href, {}), MARIADB_OPTIONS);
  };

  beforeAll(async () => {
    server = await startOwnMariadb({
      settings: { 'innodb-log-file-size': '32M', 'innodb-buffer-pool-size': '64M' },
    });
    admin = await mariadbPlace('mariadb', {}, server.url);
    // Two users of one page: what one may, the other does not need.
    await admin.execute(`CREATE DATABASE shop; CREATE DATABASE warehouse;
      CREATE USER 'app'@'%' IDENTIFIED BY 'p'; CREATE USER 'mover'@'%' IDENTIFIED BY 'p'; CREATE USER 'few'@'%' IDENTIFIED BY 'p'; CREATE USER 'watcher'@'%' IDENTIFIED BY 'p';
      ${SOURCE_GRANTS} ${TARGET_GRANTS.replaceAll("'app'", "'mover'")} ${CAPTURE_GRANTS.replaceAll("'app'", "'watcher'")}
      GRANT SELECT, INSERT, UPDATE, DELETE ON warehouse.* TO 'few'@'%';
      CREATE TABLE shop.t (id int PRIMARY KEY, v varchar(9)); INSERT INTO shop.t VALUES (1, 'a'), (2, 'b');
      CREATE TABLE shop.keyless (v varchar(9)); INSERT INTO shop.keyless VALUES ('a'), ('a')`);
    [source, target] = await Promise.all([openAs('app', 'shop'), openAs('mover', 'warehouse')]);
  });
  afterAll(async () => {
    await source?.close();
    await target?.close();
    await server?.stop();
  });

  const rows = (table: string) => admin.query(`SELECT * FROM warehouse.${table} ORDER BY 1`);

  test.each(['fail-if-not-empty', 'truncate', 'upsert'] as const)(
    'copies with write.mode %s',
    async (mode) => {
      const spec = { write: { mode } };
      const { plan } = await copyTable({ source, target }, 't', { spec, execution: mode });
      await target.writer.finish(plan, new AbortController().signal);
      expect(await rows('t')).toEqual([
        ['1', 'a'],
        ['2', 'b'],
      ]);
    },
  );

  test('copies a table without a key, and learns of changes', async () => {
    const { plan } = await copyTable({ source, target }, 'keyless', { execution: 'keyless' });
    expect(await rows('keyless')).toEqual([['a'], ['a']]);
    const marker = () => source.reader.changeMarker(plan, new AbortController().signal);
    const before = await marker();
    await admin.execute("INSERT INTO shop.keyless VALUES ('b')");
    expect(await marker()).not.toBe(before);
  });

  test('captures changes, and takes all of it away again', async () => {
    const watcher = await openAs('watcher', 'shop');
    try {
      const { triggers, changes } = watcher.capture!(PLACE);
      await triggers.install(never());
      const tables = await watcher.introspector.describeTables([{ schema: 'shop', name: 't' }], never());
      const outcomes = await triggers.deploy(
        tables.map((table) => ({ table, spec: {} })),
        never(),
      );
      expect(outcomes).toMatchObject([{ done: 'deployed' }]);
      await changes.register(TRANSFER, [{ lane: 1, tables: [1] }], never());
      await admin.execute("INSERT INTO shop.t VALUES (9, 'c'); DELETE FROM shop.t WHERE id = 9");
      const lease = await changes.lease(LANE, never());
      expect(eventsOf(await textOf(changes, lease, { claim: await sealOne(changes, lease) }))).toHaveLength(
        2,
      );
      await changes.confirm(lease, 1, never());
      expect(await changes.housekeep({ retentionMs: 0 }, never())).toBe(2);
      await triggers.uninstall(never());
      expect(await triggers.isInstalled(never())).toBe(false);
    } finally {
      await watcher.close();
    }
  });

  describe('a user who may not DROP', () => {
    test('is told of it, and no row is deleted', async () => {
      const few = await openAs('few', 'warehouse');
      try {
        const spec = { write: { mode: 'truncate' } } as const;
        await expect(
          copyTable({ source, target: few }, 't', { spec, execution: 'few' }),
        ).rejects.toMatchObject({
          code: 'database.permission_denied',
          details: { suggestion: expect.stringMatching(/GRANT .*DROP.* ON .*warehouse/) },
        });
        expect(await rows('t')).toHaveLength(2);
      } finally {
        await few.close();
      }
    });
  });
});
