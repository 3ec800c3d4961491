import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import type { RunningTemporal } from '../../scripts/servers/start-temporal.mjs';
import { describeWith, startOwnTemporal } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

const HEARTBEAT_TIMEOUT_MS = 5_000;

describeWith(['postgres', 'nats', 'temporal'], 'a Temporal server that is killed', () => {
  let temporal: RunningTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startOwnTemporal();
    stage = await createStage({
      temporalAddress: temporal.address,
      reserve: true,
      // Nothing can be changed while the server is away.
      spec: { limits: { ratePerSecond: 1_000 } },
    });
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.stop();
  });

  test.each([
    ['at once', 0],
    ['after more than the heartbeat time-out', HEARTBEAT_TIMEOUT_MS + 2_000],
  ])('and restarted %s: the transfer goes on', async (_, awayMs) => {
    const { world } = stage;
    if (awayMs === 0) {
      world.worker();
      await world.start();
    }
    await stage.moves(1_000);
    await temporal.kill();
    await delay(awayMs); // the fault itself: how long it is away
    await temporal.restart();
    await stage.moves(1_000);
  });

  test('ends equal', () => stage.endsEqual());
});
