import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

/** An index over it takes its time: a tenth of a second for each of the rows. */
const SLOW = `CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.1); RETURN $1; END $$`;
const AT_WORK = `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'CREATE INDEX%' AND pid <> pg_backend_pid()`;

describeWith(['postgres', 'nats', 'temporal'], 'while an index is made', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let world: TransferWorld;

  beforeEach(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    target = await createPostgresDatabase(servers().postgresUrl);
    await target.query(SLOW);
    await source.query(`${SLOW};
      CREATE TABLE a (id int PRIMARY KEY, n int, up int); INSERT INTO a SELECT g, g, g FROM generate_series(1, 100) g;
      CREATE TABLE b (id int PRIMARY KEY REFERENCES a); INSERT INTO b SELECT g FROM generate_series(1, 100) g;
      ALTER TABLE a ADD FOREIGN KEY (up) REFERENCES b; CREATE UNIQUE INDEX a_n ON a (n); CREATE INDEX a_slow ON a (slow(n))`);
    world = await createWorld({
      source: source.url,
      target: target.url,
      spec: { tables: { '*': {} }, recovery: { heartbeatTimeout: '3s' } },
    });
  });
  afterEach(async () => {
    await world.close();
    await Promise.all([source.drop(), target.drop()]);
  });

  const indexing = async (count: string): Promise<void> => {
    await world.eventually(
      `${count} statements make an index`,
      async () => (await target.cell(AT_WORK)) === count,
    );
  };
  const isWhole = async (): Promise<void> => {
    expect(await world.result()).toMatchObject({ phase: 'finished', equal: 2, leftOutCount: 0 });
    expect(
      await target.query(
        `SELECT indexrelid::regclass::text, indisvalid::text FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1`,
      ),
    ).toEqual([
      ['a_n', 'true'],
      ['a_pkey', 'true'],
      ['a_slow', 'true'],
    ]);
    expect(
      await target.cell(
        `SELECT count(*)::text FROM pg_constraint WHERE contype = 'f' AND convalidated AND connamespace = 'public'::regnamespace`,
      ),
    ).toBe('2');
  };

  test('a worker is killed: another one waits for what the server still does, and goes on', async () => {
    const worker = world.worker();
    await world.start();
    await indexing('1');
    worker.kill('SIGKILL');
    await worker.ended;
    world.worker();
    await isWhole();
  });

  test('a pause ends the statement, and the resumed transfer begins that one again', async () => {
    world.worker();
    await world.start();
    await indexing('1');
    await world.cli('pause', world.transfer, '--wait');
    await indexing('0');
    expect((await world.status()).phase).toBe('paused');
    await world.cli('resume', world.transfer);
    await isWhole();
  });
});
