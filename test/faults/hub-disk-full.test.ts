import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { RunningToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { FAULT_HUBS, type OwnHub } from '../support/fault-hubs.ts';
import { describeWith, startOwnToxiproxy } from '../support/servers.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

const CHUNK = Buffer.alloc(16_384);

/** Takes the space that is left, also what the server frees meanwhile. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (;;) writeSync(file, CHUNK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

const reason =
  process.getuid?.() === 0 && process.platform === 'linux' ? null : 'needs root to mount a small disk';

/** What is said of it: Kafka ends itself when it cannot write any more. */
const SAID: Readonly<Record<string, RegExp>> = { NATS: /hub\.full/, Kafka: /hub\.full|Kafka is away/ };

for (const product of FAULT_HUBS) {
  const { name, needs } = product;
  describeWith(['postgres', needs, 'temporal', 'toxiproxy'], `${name} on a disk that is full`, () => {
    describe.skipIf(reason !== null)(reason ?? 'with a small disk', () => {
      let disk = '';
      let toxiproxy: RunningToxiproxy;
      let hub: OwnHub;
      let stage: Stage;

      beforeAll(async () => {
        disk = mkdtempSync(join(tmpdir(), 'sluice-hub-disk-'));
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk]);
        toxiproxy = await startOwnToxiproxy();
        hub = await product.start(toxiproxy.apiUrl, { folder: disk });
        stage = await createStage({ hub: hub.url, reserve: true });
      });

      afterAll(async () => {
        await stage?.close();
        await hub?.server.stop();
        await toxiproxy?.stop();
        execFileSync('umount', ['--lazy', disk]); // gone at once, freed when the last of its files is closed
        rmSync(disk, { recursive: true, force: true });
      });

      test('slows the source down and says so; with space again the transfer ends equal', async () => {
        const { world } = stage;
        const isSaid = async (): Promise<boolean> =>
          (await world.status()).health.warnings.some((warning) => SAID[name]?.test(warning));
        world.worker();
        await world.start();
        await stage.moves(1_000);
        const filler = join(disk, 'filler');
        await stage.flowing(() =>
          world.eventually('it is said that the hub is full', async () => {
            fill(filler);
            return (await isSaid()) && (await world.status()).health.health === 'warning';
          }),
        );
        await stage.standsStill();
        rmSync(filler);
        // NATS takes nothing into a stream whose disk was full until it is started anew, and Kafka has ended.
        await hub.server.restart();
        await stage.moves(1_000);
        await stage.flowing(() => world.eventually('it is not said any more', async () => !(await isSaid())));
        await stage.endsEqual();
      });
    });
  });
}
