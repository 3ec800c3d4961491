import { afterAll, beforeAll, test } from 'vitest';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(
  ['postgres', 'nats', 'temporal'],
  'a worker with fewer places than a transfer has slices of writers',
  () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await createStage({ rows: 6_000, spec: { limits: {}, write: { writers: 16 } } });
    });

    afterAll(() => stage?.close());

    // Well within the eight minutes for which a slice would keep its place.
    test('lets them take turns, and the transfer ends equal', async () => {
      stage.world.worker('--target-slots', '2');
      await stage.world.start();
      await stage.endsEqual();
    });
  },
);
