import { afterAll, beforeAll, test } from 'vitest';
import { endSessionsAtRandom } from '../support/disturbances.ts';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

const TIMES = 40;

describeWith(['postgres', 'nats', 'temporal'], 'database sessions that an administrator ends', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage({ reserve: true });
  });

  afterAll(() => stage?.close());

  test('cost no row and double none', async () => {
    stage.world.worker();
    await stage.world.start();
    await stage.moves(500);
    await endSessionsAtRandom(stage, TIMES);
    await stage.moves(500);
    await stage.endsEqual();
  });
});
