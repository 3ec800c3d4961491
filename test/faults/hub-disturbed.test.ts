import pg from 'pg';
import { afterAll, beforeAll, test } from 'vitest';
import type { RunningToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { eventually } from '../support/eventually.ts';
import { FAULT_HUBS, type OwnHub, type RunStreams } from '../support/fault-hubs.ts';
import { describeWith, startOwnToxiproxy } from '../support/servers.ts';
import type { WorkerProcess } from '../support/sluice.ts';
import type { Toxic } from '../support/toxics.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

/** Nothing gets through in that direction, and connections end a second later. */
const SILENCES: readonly (readonly [string, Toxic])[] = [
  // Messages are stored and their confirmations do not arrive: nobody knows whether they were.
  ['its answers', { type: 'timeout', stream: 'downstream', attributes: { timeout: 1_000 } }],
  ['what it is sent', { type: 'timeout', stream: 'upstream', attributes: { timeout: 1_000 } }],
];

/** Each connection lives for so many bytes and is cut anywhere. */
const CUT: Toxic = { type: 'limit_data', stream: 'upstream', attributes: { bytes: 60_003 } };

for (const { name, needs, start } of FAULT_HUBS) {
  describeWith(['postgres', needs, 'temporal', 'toxiproxy'], `a transfer through ${name}`, () => {
    let toxiproxy: RunningToxiproxy;
    let hub: OwnHub;
    let stage: Stage;
    let streams: RunStreams;
    let worker: WorkerProcess;

    const filled = () => stage.flowing(() => eventually('it holds messages', () => streams.filled()));

    beforeAll(async () => {
      toxiproxy = await startOwnToxiproxy();
      hub = await start(toxiproxy.apiUrl);
      stage = await createStage({ hub: hub.url, rows: 60_000, reserve: true });
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

    test('goes on when it is killed and restarted at once', async () => {
      await hub.server.kill();
      await hub.server.restart();
      await stage.moves(1_000);
    });

    test('goes on when it was away for a while', async () => {
      await hub.server.kill();
      await stage.standsStill(); // once what is in memory is applied
      await hub.server.restart();
      await stage.moves(1_000);
    });

    test.each(SILENCES)('goes on when the network swallowed %s', async (_, toxic) => {
      await hub.proxy.add(toxic);
      await stage.standsStill();
      await hub.proxy.heal();
      await stage.moves(1_000);
    });

    test('goes on while the network cuts its connections', async () => {
      await hub.proxy.add(CUT);
      await stage.moves(2_000);
      await hub.proxy.heal();
      await stage.moves(1_000);
    });

    test('is copied again when its messages are deleted', async () => {
      await streams.purge(await filled());
      await stage.moves(1_000);
    });

    test('is copied again when all that it keeps is deleted twice in a row', async () => {
      for (let times = 0; times < 2; times += 1) {
        await filled();
        for (const each of await streams.names()) await streams.remove(each);
      }
      await stage.moves(1_000);
    });

    test('is copied again when messages are lost that no worker has seen', async () => {
      const { target, world } = stage;
      const lock = new pg.Client({ connectionString: target.url });
      await lock.connect();
      await lock.query('BEGIN; LOCK TABLE orders, events, shelves IN SHARE MODE'); // nothing can be applied
      await stage.flowing(() =>
        eventually('messages pile up', async () => (await streams.bytes()) > 400_000),
      );
      worker.kill('SIGKILL');
      await worker.ended;
      for (const each of await streams.names()) await streams.remove(each);
      await lock.end();
      worker = world.worker();
      await stage.moves(1_000);
    });

    test('ends equal, and nothing of it is left', async () => {
      await stage.endsEqual();
      await eventually('its streams are removed', async () => (await streams.names()).length === 0);
    });
  });
}
