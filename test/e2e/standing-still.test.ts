import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';
import type { WorkerProcess } from '../support/sluice.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a transfer that somebody waits for', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let world: TransferWorld;
  let worker: WorkerProcess;

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    target = await createPostgresDatabase(servers().postgresUrl);
    for (const name of ['orders', 'notes'])
      await source.query(`CREATE TABLE ${name} (id int PRIMARY KEY, v text);
        INSERT INTO ${name} SELECT i, 'row ' || i FROM generate_series(1, 600) AS i`);
    await target.query(
      `CREATE TABLE notes (id int PRIMARY KEY, v text); INSERT INTO notes VALUES (1, 'own')`,
    );
    world = await createWorld({
      source: source.url,
      target: target.url,
      spec: { tables: { 'public.*': {} }, completion: { verify: 'checksum', gracePeriod: '1s' } },
    });
    worker = world.worker();
  });

  afterAll(async () => {
    await world?.close();
    await source?.drop();
    await target?.drop();
  });

  test('and that a person must mend ends the waiting with 1, what is blocked and how to go on', async () => {
    const { transfer } = world;
    const waited = await world.cli('start', transfer, '--wait');
    expect(waited.code).toBe(1);
    expect(waited.stderr).toContain(`✗ transfer.blocked   transfer ${transfer}`);
    expect(waited.stderr).toContain(`sluice table retry ${transfer} public.notes`);
    expect(waited.stderr).toContain('✗ target.not_empty   public.notes');
    expect((await world.status()).phase).toBe('blocked');

    const { tables } = await world.tables();
    expect(tables.find(({ table }) => table === 'public.orders')).toMatchObject({
      status: 'finished',
      rows: 600,
    });
    expect(tables.find(({ table }) => table === 'public.orders')?.bytes).toBeGreaterThan(1_000);

    await target.query('TRUNCATE notes');
    expect((await world.cli('table', 'retry', transfer, 'public.notes')).code).toBe(0);
    const watched = await world.cli('status', transfer, '--watch');
    expect(watched).toMatchObject({ code: 0 });
    expect(watched.stdout).toContain('checksum: 2 of 2 tables equal');
  });

  test('a start that fails on its input hides neither the report of the run before it nor its tables', async () => {
    const { transfer } = world;
    await world.start({ transfer, nonsense: 1 });
    await expect(world.result()).rejects.toThrow();
    const report = await world.cli('report', transfer);
    expect(report.code).toBe(0);
    expect(report.stderr).toContain('the newest start failed before it ran: input.invalid');
    expect(report.stdout).toContain('checksum: 2 of 2 tables equal');
    await worker.stop();
    // No worker: what the ledger knows is enough.
    expect((await world.cli('verify', transfer)).code).toBe(0);
    await target.query(`UPDATE notes SET v = '' WHERE id = 77; DELETE FROM orders WHERE id = 5`);
    const rows = await world.cli('verify', transfer, '--mode', 'rows');
    expect(rows.code).toBe(4);
    expect(rows.stdout).toMatch(
      /public\.notes: 1 row differs \(different: other contents\)\n {2}different {2}id = 77/,
    );
    expect(rows.stdout).toMatch(
      /public\.orders: 1 row differs \(missing: only at the source\)\n {2}missing {4}id = 5/,
    );
  });

  test('and that is cancelled ends the waiting with 1', async () => {
    const { transfer } = world;
    worker = world.worker();
    await target.query('TRUNCATE notes; TRUNCATE orders');
    const waiting = world.cli('start', transfer, '--wait', '--rate', '5');
    await world.eventually('rows arrive, although each table is one block', async () => {
      const { rowsApplied } = (await world.status()).totals;
      return rowsApplied > 0 && rowsApplied < 600;
    });
    expect((await world.cli('cancel', transfer, '--wait')).code).toBe(0);
    const { code, stderr } = await waiting;
    expect(code).toBe(1);
    expect(stderr).toContain('✗ transfer.cancelled');
  });
});
