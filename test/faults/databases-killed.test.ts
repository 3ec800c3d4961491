import { afterAll, beforeAll, test } from 'vitest';
import type { RunningPostgres } from '../../scripts/servers/start-postgres.mjs';
import { describeWith, startOwnPostgres } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'nats', 'temporal'], 'a PostgreSQL server that is source and target', () => {
  let server: RunningPostgres;
  let stage: Stage;

  beforeAll(async () => {
    server = await startOwnPostgres();
    stage = await createStage({ server: server.url, reserve: true });
  });

  afterAll(async () => {
    await stage?.close();
    await server?.stop();
  });

  test.each([
    ['stopped in immediate mode', 'SIGQUIT'],
    ['killed', 'SIGKILL'],
  ] as const)('is %s and restarted: the transfer goes on', async (_, signal) => {
    const { world } = stage;
    if (signal === 'SIGQUIT') {
      world.worker();
      await world.start();
    }
    await stage.moves(1_000);
    await server.kill(signal);
    await server.restart();
    await stage.moves(1_000);
  });

  test('ends equal', () => stage.endsEqual());
});
