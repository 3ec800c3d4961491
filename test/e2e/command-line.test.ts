import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

describeWith(['postgres', 'nats', 'temporal'], 'the command line on a running transfer', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let world: TransferWorld;

  const json = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await world.cli(...args, '-o', 'json');
    if (stdout === '') throw new Error(`${args.join(' ')}: ${code} ${stderr}`);
    return { code, value: JSON.parse(stdout) as Record<string, unknown> };
  };

  beforeAll(async () => {
    source = await createPostgresDatabase(servers().postgresUrl);
    target = await createPostgresDatabase(servers().postgresUrl);
    await source.query(ordersSql(60_000));
    world = await createWorld({
      source: source.url,
      target: target.url,
      spec: {
        tables: { 'public.*': {} },
        read: { rowsPerRange: 5_000, blockBytes: 65_536 },
        completion: { verify: 'checksum' },
      },
    });
    world.worker();
  });

  afterAll(async () => {
    await world?.close();
    await source?.drop();
    await target?.drop();
  });

  test('pauses, shows, changes, resumes and waits for it, and exit codes tell how it went', async () => {
    const { transfer } = world;
    expect((await world.cli('start', transfer, '--rate', '1000')).code).toBe(0);
    await eventually('rows arrive', async () => {
      const { value } = await json('status', transfer);
      return (value as { totals: { rowsApplied: number } }).totals.rowsApplied > 0;
    });
    expect((await json('pause', transfer, '--reason', 'backup', '--wait')).value).toMatchObject({
      phase: 'paused',
    });
    const shown = await world.cli('status', transfer);
    expect(shown.stdout).toMatch(/paused: backup, by /);
    expect(shown.stdout).toMatch(/public\.orders +\w+ +[\d,]+/);
    expect((await json('settings', transfer, '--rate', '0', '--writers', '6')).value).toMatchObject({
      ratePerSecond: 0,
      writers: 6,
    });
    expect((await world.cli('resume', transfer)).code).toBe(0);
    const watched = await world.cli('status', transfer, '--watch');
    expect(watched.code).toBe(0);
    expect(watched.stdout).toContain('checksum: 1 of 1 tables equal');
  });

  test('reports and verifies the finished run', async () => {
    const { transfer } = world;
    const report = await json('report', transfer);
    expect(report).toMatchObject({ code: 0, value: { rows: 60_000, equal: 1 } });
    expect(await json('verify', transfer)).toMatchObject({
      code: 0,
      value: [{ table: 'public.orders', equal: true }],
    });
    await target.query('DELETE FROM orders WHERE ctid IN (SELECT ctid FROM orders LIMIT 1)');
    const differs = await json('verify', transfer, '--mode', 'count');
    expect(differs).toMatchObject({
      code: 4,
      value: [{ sourceRows: '60000', targetRows: '59999', equal: false }],
    });
  });
});
