import { setTimeout as delay } from 'node:timers/promises';
import BetterSqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { createRandom } from '../simulation/random.ts';
import { eventually } from '../support/eventually.ts';
import { NATS, type OwnHub, type RunStreams } from '../support/fault-hubs.ts';
import { describeWith, startOwnToxiproxy } from '../support/servers.ts';
import { SQLITE, type StageDatabase } from '../support/stage-databases.ts';
import type { WorkerProcess } from '../support/sluice.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

const KILLS = 10;
const PATIENCE_MS = 180_000;

const randomSeed = (): number => Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);

/** Somebody else's transaction, which nobody can write beside. */
async function whileLocked({ name }: StageDatabase, how: string, work: () => Promise<void>): Promise<void> {
  const stranger = new BetterSqlite(name, { timeout: PATIENCE_MS });
  stranger.exec(how);
  try {
    await work();
  } finally {
    stranger.exec('ROLLBACK');
    stranger.close();
  }
}

const { needs, start } = NATS;
describeWith([needs, 'temporal', 'toxiproxy'], 'SQLite files that are source and target', () => {
  let toxiproxy: RunningToxiproxy;
  let hub: OwnHub;
  let streams: RunStreams;
  let stage: Stage;
  let worker: WorkerProcess;

  beforeAll(async () => {
    toxiproxy = await startOwnToxiproxy();
    hub = await start(toxiproxy.apiUrl);
    stage = await createStage({
      product: SQLITE,
      server: 'a file',
      hub: hub.url,
      rows: 40_000,
      reserve: true,
      spec: { limits: { ratePerSecond: 1_000 }, recovery: { heartbeatTimeout: '3s' } },
    });
    worker = stage.world.worker();
    await stage.world.start();
    streams = await hub.streamsOf(stage.world.transfer);
    await stage.moves(1_000);
  });

  afterAll(async () => {
    await stage?.close();
    await streams?.close();
    await hub?.server.stop();
    await toxiproxy?.stop();
  });

  test('go on after a stranger held the write lock of the target for longer than a batch waits', async () => {
    await whileLocked(stage.target, 'BEGIN IMMEDIATE', () => stage.standsStill());
    await stage.moves(1_000);
  });

  test('go on after a stranger kept every reader from the source', async () => {
    await whileLocked(stage.source, 'PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE', () =>
      stage.standsStill(),
    );
    await stage.moves(1_000);
  });

  test('go on when the hub is killed and restarted', async () => {
    await hub.server.kill();
    await hub.server.restart();
    await stage.moves(1_000);
  });

  test('are copied again where the hub lost all that it kept', async () => {
    await stage.flowing(() => eventually('it holds messages', () => streams.filled()));
    for (const each of await streams.names()) await streams.remove(each);
    await stage.moves(1_000);
  });

  test(`end equal after ${KILLS} kills of the worker at random moments`, async () => {
    const seed = randomSeed();
    const random = createRandom(seed);
    try {
      for (let kill = 1; kill <= KILLS; kill += 1) {
        if (kill % 3 === 0) await stage.moves(random.int(1, 1_000), PATIENCE_MS);
        else await delay(random.int(0, 2_000));
        worker.kill('SIGKILL');
        await worker.ended;
        worker = stage.world.worker();
      }
      await stage.endsEqual();
    } catch (error) {
      throw new Error(`with SLUICE_TEST_SEED=${seed}`, { cause: error });
    }
    expect(await stage.target.cell('PRAGMA integrity_check')).toBe('ok');
  });
});
