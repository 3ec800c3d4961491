import { rm } from 'node:fs/promises';
import BetterSqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { CHANGES } from '../../src/model/changes-plan.ts';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a source that is not what it was', () => {
  let stage: ChangeStage;
  afterEach(() => stage.close());

  const cli = async (...args: readonly string[]): Promise<void> => {
    const ran = await stage.world.cli(...args);
    expect(ran, ran.stderr + ran.stdout).toMatchObject({ code: 0 });
  };
  const isLive = () =>
    stage.world.eventually('it is live', async () => (await stage.world.status()).phase === 'live');
  const mustBeResynced = (): Promise<unknown> =>
    stage.world.eventually('somebody is told', async () => {
      const { tables } = await stage.world.tables();
      return tables.some(
        ({ error, status }) => error?.code === 'capture.resync_required' && status === 'blocked',
      );
    });
  const installAnew = async (): Promise<void> => {
    await cli('capture', 'uninstall', 'source', '--yes');
    await cli('capture', 'install', 'source');
    await cli('capture', 'deploy', 'source');
  };
  const balances = (end: 'source' | 'target') =>
    stage[end].query('SELECT id, balance FROM accounts WHERE id < 5 ORDER BY id');

  test('because its capture was installed anew: that is said, and mended by copying again', async () => {
    stage = await createChangeStage({ spec: { write: { mode: 'truncate' } } });
    const { world, source } = stage;
    world.worker();
    await world.start();
    await isLive();
    expect((await world.cli('stop', world.transfer, '--wait')).stdout).toContain('stopped');
    const before = await balances('target');
    await source.query('UPDATE accounts SET balance = 5 WHERE id = 1');
    await installAnew();
    await source.query('UPDATE accounts SET balance = 6 WHERE id = 2');
    await world.start();
    await mustBeResynced();
    await cli('table', 'retry', world.transfer, CHANGES);
    await mustBeResynced();
    expect(await balances('target')).toEqual(before);
    await cli('table', 'resnapshot', world.transfer, CHANGES, '--yes');
    await isLive();
    await source.query('UPDATE accounts SET balance = 7 WHERE id = 3');
    await cli('cut-over', world.transfer, '--wait');
    await stage.expectEqual();
  });

  test('because it was restored from a copy of its file: that is said, and mended by copying again', async () => {
    stage = await createChangeStage({ from: 'sqlite', spec: { write: { mode: 'truncate' } } });
    const { world, source } = stage;
    const change = (sql: string): void => {
      const file = new BetterSqlite(source.name, { timeout: 20_000 });
      file.exec(sql);
      file.close();
    };
    const worker = world.worker();
    await world.start();
    await isLive();
    const copy = `${source.name}.copy`;
    const file = new BetterSqlite(source.name, { timeout: 20_000 });
    await file.backup(copy);
    file.close();
    for (const balance of [1, 2, 3]) {
      change(`UPDATE accounts SET balance = ${balance} WHERE id = 1`);
      await world.eventually(
        'it is applied',
        async () =>
          (await stage.target.cell('SELECT balance FROM accounts WHERE id = 1')) === String(balance),
      );
    }
    worker.kill('SIGKILL');
    await worker.ended;
    for (const each of ['-wal', '-shm']) await rm(`${source.name}${each}`, { force: true });
    const restored = new BetterSqlite(copy);
    await rm(source.name);
    await restored.backup(source.name);
    restored.close();
    change('UPDATE accounts SET balance = 4 WHERE id = 2');
    world.worker();
    await mustBeResynced();
    expect(await stage.target.cell('SELECT balance FROM accounts WHERE id = 2')).toBe('1000');
    await cli('table', 'resnapshot', world.transfer, CHANGES, '--yes');
    await isLive();
    change('UPDATE accounts SET balance = 7 WHERE id = 3');
    await cli('cut-over', world.transfer, '--wait');
    await stage.expectEqual();
  });

  test('because it was restored, and the table has no key: nothing is applied twice, whatever is wanted', async () => {
    const log = 'CREATE TABLE log (n integer, s text)';
    stage = await createChangeStage({
      from: 'sqlite',
      sql: log,
      spec: { mode: 'changes', completion: { verify: 'none' } },
    });
    const { world, source, target } = stage;
    const rows = () => target.query('SELECT n, s FROM log ORDER BY n');
    const run = (name: string, sql: string): void => {
      const file = new BetterSqlite(name, { timeout: 20_000 });
      file.exec(sql);
      file.close();
    };
    const change = (n: number): void => run(source.name, `INSERT INTO log VALUES (${n}, 'x')`);
    run(target.name, log);
    const worker = world.worker();
    await world.start();
    await isLive();
    change(1);
    await world.eventually('it is applied', async () => (await rows()).length === 1);
    const copy = `${source.name}.copy`;
    const file = new BetterSqlite(source.name, { timeout: 20_000 });
    await file.backup(copy);
    file.close();
    for (const n of [2, 3]) {
      change(n);
      await world.eventually('it is applied', async () => (await rows()).length === n);
    }
    worker.kill('SIGKILL');
    await worker.ended;
    for (const each of ['-wal', '-shm']) await rm(`${source.name}${each}`, { force: true });
    const restored = new BetterSqlite(copy);
    await rm(source.name);
    await restored.backup(source.name);
    restored.close();
    change(4);
    world.worker();
    await mustBeResynced();
    await cli('table', 'resnapshot', world.transfer, CHANGES, '--yes');
    await world.eventually('it is refused', async () => {
      const { tables } = await world.tables();
      return tables.some(({ error }) => error?.message.includes('has no primary key'));
    });
    expect((await rows()).map(([n]) => n)).toEqual(['1', '2', '3']);
  });

  test('is told to a transfer of changes alone that is started again, which would miss some', async () => {
    stage = await createChangeStage({ spec: { mode: 'changes', completion: { verify: 'none' } } });
    const { world, source, target } = stage;
    world.worker();
    await world.start();
    await isLive();
    await cli('cut-over', world.transfer, '--wait');
    await source.query('UPDATE accounts SET balance = 5 WHERE id = 1');
    await installAnew();
    await world.start();
    await mustBeResynced();
    // Who knows what was missed may go on.
    await cli('table', 'resnapshot', world.transfer, CHANGES, '--yes');
    await isLive();
    await source.query('UPDATE accounts SET balance = 6 WHERE id = 2');
    await world.eventually(
      'what changes from then on is there',
      async () => (await target.cell('SELECT balance FROM accounts WHERE id = 2')) === '6.00',
    );
  });
});
