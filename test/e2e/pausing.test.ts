import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a paused transfer', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage({ spec: { ordering: 'table', limits: { ratePerSecond: 1_000 } } });
    stage.world.worker();
    await stage.world.start();
    await stage.moves(1_000);
  });

  afterAll(() => stage?.close());

  test('moves nothing, and answers', async () => {
    const { world } = stage;
    expect((await world.cli('pause', world.transfer, '--wait', '--reason', 'night')).code).toBe(0);
    const rows = await stage.applied();
    await stage.standsStill();
    expect(await stage.applied()).toBe(rows);
    expect(await world.status()).toMatchObject({ phase: 'paused', reason: { text: 'night' } });
  });

  test('goes on where it was and ends equal, in the order of each table with four writers', async () => {
    const { world } = stage;
    expect((await world.cli('resume', world.transfer)).code).toBe(0);
    await stage.moves(1_000);
    await stage.endsEqual();
    expect((await world.cli('report', world.transfer)).code).toBe(0);
  });
});
