import { afterAll, beforeAll, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import { eventually } from '../support/eventually.ts';
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

  test('is waited for, and nothing is lost or doubled', async () => {
    const { world } = stage;
    world.worker();
    await world.start();
    await stage.moves(1_000);
    await hub.kill();
    await hub.restart();
    await stage.moves(1_000);
    await hub.kill();
    // Down for so long that it shows: what is in memory is applied, then nothing moves.
    const still = { rows: -1, times: 0 };
    await eventually('nothing moves', async () => {
      const rows = await stage.applied();
      still.times = rows === still.rows ? still.times + 1 : 0;
      still.rows = rows;
      return still.times > 60;
    });
    await hub.restart();
    await stage.moves(1_000);
    await stage.endsEqual();
  });
});
