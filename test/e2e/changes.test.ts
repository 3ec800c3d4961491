import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { type ChangeLoad, startLoad } from '../support/change-load.ts';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a transfer that follows the changes of its source', () => {
  let stage: ChangeStage;
  let load: ChangeLoad | undefined;

  afterEach(async () => {
    await load?.stop().catch(() => undefined);
    load = undefined;
    await stage.close();
  });

  const committed = (more: number): Promise<unknown> => {
    const before = load?.committed() ?? 0;
    return stage.world.eventually('the load goes on', () => (load?.committed() ?? 0) >= before + more);
  };

  test('copies rows while they change, then applies every change once and in order, up to the cut-over', async () => {
    stage = await createChangeStage();
    const { world } = stage;
    load = await startLoad(stage.source.url, { seed: 1 });
    world.worker();
    await world.start();
    await committed(200);
    await world.eventually('the changes are live', async () => (await world.status()).phase === 'live');
    await stage.expectPrefixes();
    await committed(200);
    await stage.expectPrefixes();
    await load.stop();
    const ended = await world.cli('cut-over', world.transfer, '--wait');
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    await stage.expectEqual();
    expect(await world.result()).toMatchObject({ phase: 'finished', equal: 5, drifted: 0, skipped: 0 });
    expect(await stage.target.cell('SELECT sum(balance) FROM accounts')).toBe('40000.00');
    // What the copy had already is no drift, and what came later found all as it should be: no table is left unjudged.
    const judged = 'count(copied_upto), sum(update_missing + insert_existing + delete_missing)';
    expect(await stage.target.query(`SELECT ${judged} FROM sluice.sluice_drift`)).toEqual([['5', '0']]);
    // Nothing is kept at the source for a transfer that is over.
    expect(await stage.source.cell('SELECT count(*) FROM sluice_capture.capture_lanes')).toBe('0');
  });

  test('ends by itself where nothing is pending, and a second start copies and follows again', async () => {
    stage = await createChangeStage({
      spec: { changes: { until: 'caught-up', claimEvents: 7 }, write: { mode: 'truncate' } },
    });
    const { world, source } = stage;
    world.worker();
    for (const round of [1, 2]) {
      load = await startLoad(source.url, { seed: 20 + round, sessions: 2 });
      await committed(50);
      await load.stop();
      await world.start();
      expect(await world.result()).toMatchObject({ phase: 'finished', equal: 5 });
      await stage.expectEqual();
    }
  });

  test('pauses, resumes and stops; a later start goes on where it was and loses nothing', async () => {
    stage = await createChangeStage();
    const { world } = stage;
    load = await startLoad(stage.source.url, { seed: 3, pauseMs: 20 });
    world.worker();
    await world.start();
    await world.eventually('the changes are live', async () => (await world.status()).phase === 'live');
    expect((await world.cli('pause', world.transfer, '--wait')).code).toBe(0);
    await committed(50);
    const before = await stage.recorded();
    expect(before).toBeGreaterThan(0);
    expect((await world.cli('resume', world.transfer)).code).toBe(0);
    await committed(20);
    expect((await world.cli('stop', world.transfer, '--wait')).stdout).toContain('stopped');
    await committed(50);
    await load.stop();
    await world.start();
    await world.eventually('it goes on', async () => (await world.status()).continued);
    expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
    await stage.expectEqual();
  });

  test('moves only changes, from its first start on, into tables that are there', async () => {
    stage = await createChangeStage({ spec: { mode: 'changes', completion: { verify: 'none' } } });
    const { world, source, target } = stage;
    world.worker();
    await source.query('INSERT INTO accounts VALUES (500, 1)');
    await world.start();
    await world.eventually('it is live', async () => (await world.status()).phase === 'live');
    await source.query(
      'INSERT INTO accounts VALUES (501, 2), (502, 3); UPDATE accounts SET balance = 7 WHERE id = 1; DELETE FROM accounts WHERE id = 502; UPDATE accounts SET id = 503 WHERE id = 501',
    );
    await world.eventually(
      'what changed is there, and nothing else',
      async () =>
        JSON.stringify(await target.query('SELECT id, balance FROM accounts ORDER BY id')) ===
        '[["1","7.00"],["503","2.00"]]',
    );
    const update = { update: 1, insert: 0, delete: 0 };
    await world.eventually('somebody is told that a row was not there', async () => {
      const { drift } = await world.status();
      return isDeepStrictEqual(drift, { ...update, tables: [{ table: 'public.accounts', ...update }] });
    });
    expect((await world.cli('status', world.transfer)).stdout).toContain('1 updates of missing rows');
    await source.query('ALTER TABLE accounts DISABLE TRIGGER USER');
    await world.eventually('somebody is told that changes are lost', async () =>
      (await world.status()).health.warnings.some((each) =>
        each.includes('changes of public.accounts may be lost'),
      ),
    );
  });

  test('says what is missing before anything is made', async () => {
    stage = await createChangeStage();
    const { world, source, target } = stage;
    world.worker();
    await source.query('CREATE TABLE public.late (id integer PRIMARY KEY)');
    const refused = await world.cli('start', world.transfer, '--wait');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('capture.not_deployed');
    expect(refused.stderr).toContain('sluice capture deploy source');
    expect(await target.cell("SELECT to_regclass('public.accounts')")).toBeNull();
  });
});
