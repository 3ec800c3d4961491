import { afterAll, beforeAll, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import { describeWith, startOwnNats } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a NATS server that is killed', () => {
  let hub: RunningNats;
  let stage: Stage;

  beforeAll(async () => {
    hub = await startOwnNats();
    stage = await createStage({ hub: hub.url });
  });

  afterAll(async () => {
    await stage?.close();
    await hub?.stop();
  });

  test.each([
    ['at once', false],
    ['after a while', true],
  ])('and restarted %s: the transfer goes on', async (_, untilStill) => {
    const { world } = stage;
    if (!untilStill) {
      world.worker();
      await world.start();
    }
    await stage.moves(1_000);
    await hub.kill();
    // What is in memory is applied, then nothing moves.
    if (untilStill) await stage.standsStill();
    await hub.restart();
    await stage.moves(1_000);
  });

  test('ends equal', () => stage.endsEqual());
});
