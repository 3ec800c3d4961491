import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import type { Hub } from '../../src/engine/ports/hub.ts';
import { nats } from '../../src/hubs/nats/hub.ts';
import { collect, idsOf, MIB, message, never, range, sorted, until } from '../contract/hub-fixture.ts';
import { missingServers, startOwnNats } from '../support/servers.ts';

const reason =
  missingServers('nats') ??
  (process.getuid?.() === 0 && process.platform === 'linux' ? null : 'needs root to mount a small disk');

describe.skipIf(reason !== null)(
  `a NATS server whose disk fills up${reason === null ? '' : ` (${reason})`}`,
  () => {
    let disk = '';
    let server: RunningNats;
    let hub: Hub;
    beforeAll(async () => {
      disk = mkdtempSync(join(tmpdir(), 'sluice-nats-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk]);
      server = await startOwnNats({ folder: disk });
      hub = await nats.open(nats.parseUrl(server.url, { ackWaitMs: 1_000 }), {
        applicationName: 'disk test',
      });
    });
    afterAll(async () => {
      await hub.close();
      await server.kill();
      await server.stop();
      execFileSync('umount', ['--lazy', disk]); // gone at once, freed when the last of its files is closed
      rmSync(disk, { recursive: true, force: true });
    });

    test('publishers wait and say so; after space is made and the server restarted nothing is missing', async () => {
      const topic = { transfer: 'full disk', run: 1 };
      await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
      const publisher = await hub.publisher(topic);
      const filler = join(disk, 'filler');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(bavail * bsize - 8 * MIB));
      const stored = new Set<number>();
      const publishing = Promise.all(
        range(1, 20).map((n) =>
          publisher.publish(message(n, randomBytes(MIB)), never).then(() => stored.add(n)),
        ),
      );
      await until(async () =>
        (await hub.warnings(never)).some((warning) => warning.startsWith('publishing waits')),
      );
      expect(stored.size).toBeLessThan(20);
      rmSync(filler);
      await server.restart(); // a stream whose disk was full stays mute until then
      await publishing;
      const consumer = await hub.consumer(topic, { messages: 8, bytes: 8 * MIB });
      const got = collect(consumer);
      await until(async () => (await hub.topics.backlog(topic, never)).messages === 0);
      await got.stop();
      await Promise.all([publisher.close(), consumer.close()]);
      expect(sorted([...new Set(got.ids())])).toEqual(idsOf(1, 20));
      expect((await hub.warnings(never)).filter((warning) => warning.includes('hub.full'))).toEqual([]);
    });
  },
);
