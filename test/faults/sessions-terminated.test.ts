import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import { createRandom } from '../simulation/random.ts';
import type { TestDatabase } from '../support/databases.ts';
import { describeWith } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

const TIMES = 40;

describeWith(['postgres', 'nats', 'temporal'], 'database sessions that an administrator ends', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage();
  });

  afterAll(() => stage?.close());

  /** Ends about every third session of a database. */
  const terminate = async (database: TestDatabase, chance: () => boolean) => {
    const sessions = await database.query(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid',
    );
    const chosen = sessions.map(([pid]) => pid).filter(chance);
    if (chosen.length > 0)
      await database.query(`SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[${chosen.join()}]) AS pid`);
  };

  test('cost no row and double none', async () => {
    const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);
    const random = createRandom(seed);
    const { world, source, target } = stage;
    world.worker();
    await world.start();
    await stage.moves(500);
    try {
      for (let time = 1; time <= TIMES; time += 1) {
        await delay(random.int(0, 400)); // a random moment
        await terminate(random.pick([source, target, target]), () => random.chance(0.35));
      }
      await stage.moves(500);
      await stage.endsEqual();
    } catch (error) {
      throw new Error(`with SLUICE_TEST_SEED=${seed}`, { cause: error });
    }
  });
});
