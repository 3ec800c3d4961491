import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom } from '../simulation/random.ts';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

const KILLS = 20;
/** Temporal tries again ever more slowly what dies again and again. */
const PATIENCE_MS = 180_000;
const BLOCK_BYTES = [8_192, 16_384, 65_536, 12_345] as const;

const randomSeed = (): number => Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);

describeWith(['postgres', 'nats', 'temporal'], 'a worker that is killed again and again', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage({
      rows: 60_000,
      reserve: true,
      spec: { recovery: { heartbeatTimeout: '3s' } },
    });
  });

  afterAll(() => stage?.close());

  test(`ends equal after ${KILLS} kills at random moments, with other block sizes in between`, async () => {
    const seed = randomSeed();
    const random = createRandom(seed);
    const { world } = stage;
    let worker = world.worker();
    await world.start();
    try {
      for (let kill = 1; kill <= KILLS; kill += 1) {
        // Every third while rows move, the others while it starts, plans or takes over.
        if (kill % 3 === 0) {
          await stage.moves(random.int(1, 2_000), PATIENCE_MS);
          await world.change({ blockBytes: random.pick(BLOCK_BYTES) });
        } else {
          await delay(random.int(0, 3_000));
        }
        worker.kill('SIGKILL');
        await worker.ended;
        worker = world.worker();
      }
      await stage.endsEqual();
    } catch (error) {
      throw new Error(`with SLUICE_TEST_SEED=${seed}`, { cause: error });
    }
    expect(await stage.applied()).toBeGreaterThanOrEqual(stage.rows);
  });
});
