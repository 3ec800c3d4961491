import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import { missingServers, startOwnNats } from '../support/servers.ts';
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
  missingServers('postgres', 'nats', 'temporal') ??
  (process.getuid?.() === 0 && process.platform === 'linux' ? null : 'needs root to mount a small disk');

describe.skipIf(reason !== null)(`a hub whose disk is full${reason === null ? '' : ` (${reason})`}`, () => {
  let disk = '';
  let hub: RunningNats;
  let stage: Stage;

  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'sluice-hub-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk]);
    hub = await startOwnNats({ folder: disk });
    stage = await createStage({ hub: hub.url });
  });

  afterAll(async () => {
    await stage?.close();
    await hub?.stop();
    execFileSync('umount', ['--lazy', disk]); // gone at once, freed when the last of its files is closed
    rmSync(disk, { recursive: true, force: true });
  });

  test('slows the source down and says so; with space again the transfer ends equal', async () => {
    const { world } = stage;
    world.worker();
    await world.start();
    await stage.moves(1_000);
    const filler = join(disk, 'filler');
    await world.eventually('it is said that the hub is full', async () => {
      fill(filler);
      const { health } = await world.status();
      return health.health === 'warning' && health.warnings.some((warning) => warning.includes('hub.full'));
    });
    await stage.standsStill();
    rmSync(filler);
    await hub.restart(); // NATS takes nothing into a stream whose disk was full until it is started anew
    await stage.moves(1_000);
    await world.eventually(
      'it is not said any more',
      async () => !(await world.status()).health.warnings.some((warning) => warning.includes('hub.full')),
    );
    await stage.endsEqual();
  });
});
