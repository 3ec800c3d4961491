import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { digestSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

const TABLES = Array.from({ length: 300 }, (_, index) => `t_${String(index + 1).padStart(3, '0')}`);
const REFUSED = 't_043';
const PATIENCE_MS = 240_000;

/** 300 tables of 0 to 20,000 rows, with and without key. */
const TABLES_SQL = `DO $$
  DECLARE i int; rows int;
  BEGIN
    FOR i IN 1..300 LOOP
      rows := (ARRAY[0, 1, 7, 100, 333, 1000, 999, 2500, 5000, 20000])[1 + i % 10];
      EXECUTE format('CREATE TABLE %I (id integer %s, note text, at timestamptz, amount numeric)',
        't_' || lpad(i::text, 3, '0'), CASE WHEN i % 7 > 0 THEN 'PRIMARY KEY' END);
      EXECUTE format('INSERT INTO %I SELECT n, ''note '' || n || '' of %s'', timestamptz ''2024-02-29'' + n * interval ''1 s'', n / 7.0 FROM generate_series(1, %s) AS n',
        't_' || lpad(i::text, 3, '0'), i, rows);
    END LOOP;
  END $$; ANALYZE`;

describeWith(
  ['postgres', 'nats', 'temporal'],
  'a transfer of 300 tables, one of which the target refuses',
  () => {
    let source: TestDatabase;
    let target: TestDatabase;
    let world: TransferWorld;

    const digests = (database: TestDatabase) =>
      database.query(TABLES.map((table) => `SELECT '${table}', (${digestSql(table)})`).join(' UNION ALL '));

    beforeAll(async () => {
      source = await createPostgresDatabase(servers().postgresUrl);
      target = await createPostgresDatabase(servers().postgresUrl);
      await source.query(TABLES_SQL);
      await target.query(
        `CREATE TABLE ${REFUSED} (id integer PRIMARY KEY, note text CHECK (length(note) < 9), at timestamptz, amount numeric)`,
      );
      world = await createWorld({
        source: source.url,
        target: target.url,
        spec: {
          tables: { 'public.*': {} },
          read: { readers: 4 },
          completion: { verify: 'checksum' },
          recovery: { heartbeatTimeout: '5s' },
        },
      });
      world.worker();
    });

    afterAll(async () => {
      await world?.close();
      await source?.drop();
      await target?.drop();
    });

    test('finishes the 299 others and waits for a person with the reason', async () => {
      await world.start();
      await world.eventually(
        'only the refused one is left',
        async () => {
          const { byStatus } = (await world.status()).tables;
          return byStatus.finished === 299 && byStatus.blocked === 1;
        },
        PATIENCE_MS,
      );
      expect(await world.status()).toMatchObject({ phase: 'blocked', health: { health: 'blocked' } });
      const { tables } = await world.tables();
      expect(tables.filter(({ status }) => status === 'blocked')).toMatchObject([
        { table: `public.${REFUSED}`, error: { code: 'target.constraint_violated', vendorCode: '23514' } },
      ]);
      const shown = await world.cli('status', world.transfer);
      expect(shown.stdout).toMatch(/public\.t_043 +blocked/);
      expect(shown.stdout).toContain('target.constraint_violated');
      expect(shown.stdout).not.toContain('note 1 of');
      const [at, to] = [await digests(source), await digests(target)];
      expect(to.filter(([table]) => table !== REFUSED)).toEqual(at.filter(([table]) => table !== REFUSED));
    });

    test('finishes the refused one after the repair and `table retry`', async () => {
      await target.query(`ALTER TABLE ${REFUSED} DROP CONSTRAINT ${REFUSED}_note_check`);
      const told = await world.cli('table', 'retry', world.transfer, `public.${REFUSED}`);
      expect({ code: told.code, stderr: told.stderr }).toEqual({ code: 0, stderr: '' });
      const report = await world.result(PATIENCE_MS);
      expect(report).toMatchObject({ phase: 'finished', compared: 300, equal: 300, skipped: 0 });
      expect(await digests(target)).toEqual(await digests(source));
      expect((await world.handle.describe()).historyLength).toBeLessThan(2_200);
    });
  },
);
