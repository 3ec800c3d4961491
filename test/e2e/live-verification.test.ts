import { afterEach, expect, test } from 'vitest';
import { type ChangeLoad, startLoad } from '../support/change-load.ts';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { describeWith } from '../support/servers.ts';

describeWith(['postgres', 'nats', 'temporal'], 'both sides are compared while an application writes', () => {
  let stage: ChangeStage;
  let load: ChangeLoad | undefined;

  afterEach(async () => {
    await load?.stop().catch(() => undefined);
    await stage.close();
  });

  test('by the workers and from the command line: what somebody altered at the target is found, and nothing else', async () => {
    stage = await createChangeStage();
    // Nobody of the application writes it.
    await stage.source.query('CREATE TABLE quiet (id integer PRIMARY KEY, n integer)');
    await stage.source.query('INSERT INTO quiet SELECT id, 0 FROM generate_series(1, 1000) AS id');
    const { world } = stage;
    expect((await world.cli('capture', 'deploy', 'source')).code).toBe(0);
    load = await startLoad(stage.source.url, { seed: 5, pauseMs: 20 });
    world.worker();
    await world.start();
    await world.eventually('the changes are live', async () => (await world.status()).phase === 'live');
    const before = load.committed();
    await stage.target.query('UPDATE quiet SET n = 1 WHERE id = 77');
    const found = await world.cli('verify', world.transfer, '--by-workers', '-o', 'json');
    expect(found, found.stderr).toMatchObject({ code: 4 });
    expect(JSON.parse(found.stdout)).toMatchObject({
      tables: 6,
      equal: 5,
      differing: 1,
      named: [{ table: 'public.quiet', live: { different: 1, complete: true } }],
    });
    const named = await world.cli('verify', world.transfer, '--mode', 'rows', '--table', 'public.quiet');
    expect(named, named.stderr).toMatchObject({ code: 4 });
    expect(named.stdout).toContain('different  id = 77');
    expect((await world.status()).phase).toBe('live');
    expect(load.committed()).toBeGreaterThan(before);
    await load.stop();
    await stage.target.query('UPDATE quiet SET n = 0 WHERE id = 77');
    const ended = await world.cli('cut-over', world.transfer, '--wait');
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
  });
});
