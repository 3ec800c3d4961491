import { afterAll, beforeAll, test } from 'vitest';
import type { RunningToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers, startOwnToxiproxy } from '../support/servers.ts';
import { createProxy, type Proxy, type Toxic } from '../support/toxics.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

/** Nothing gets through: added, and taken away once every connection of before is gone. */
const SILENCES: readonly (readonly [string, Toxic])[] = [
  // Commits arrive and their answers do not: nobody knows whether they took place.
  ['answers are swallowed', { type: 'timeout', stream: 'downstream', attributes: { timeout: 1_000 } }],
  ['statements are swallowed', { type: 'timeout', stream: 'upstream', attributes: { timeout: 1_000 } }],
  ['answers are reset', { type: 'reset_peer', stream: 'downstream', attributes: { timeout: 0 } }],
  ['statements are reset', { type: 'reset_peer', stream: 'upstream', attributes: { timeout: 100 } }],
];

/** Each connection lives for so many bytes: rows still move, and are cut anywhere. */
const LIMITS: readonly (readonly [string, Toxic])[] = [
  ['answers', { type: 'limit_data', stream: 'downstream', attributes: { bytes: 20_000 } }],
  ['statements', { type: 'limit_data', stream: 'upstream', attributes: { bytes: 200_003 } }],
];

describeWith(['postgres', 'nats', 'temporal', 'toxiproxy'], 'a target behind a bad network', () => {
  let toxiproxy: RunningToxiproxy;
  let proxy: Proxy;
  let stage: Stage;

  const backends = async () => {
    const rows = await stage.target.query(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return rows.map(([pid]) => pid ?? null);
  };

  const allReplaced = async (before: readonly (string | null)[]) => {
    const now = await backends();
    return !before.some((pid) => now.includes(pid));
  };

  beforeAll(async () => {
    toxiproxy = await startOwnToxiproxy();
    proxy = await createProxy(toxiproxy.apiUrl, 'target', new URL(servers().postgresUrl).host);
    stage = await createStage({
      throughTarget: (url) => {
        const through = new URL(url);
        through.port = String(proxy.port);
        return through.href;
      },
    });
    stage.world.worker();
    await stage.world.start();
    await stage.moves(1_000);
  });

  afterAll(async () => {
    await stage?.close();
    await toxiproxy?.stop();
  });

  test.each(SILENCES)('goes on after its %s', async (_, toxic) => {
    const before = await backends();
    await proxy.add(toxic);
    await eventually('the old connections are gone', () => allReplaced(before));
    await proxy.heal();
    await stage.moves(1_000);
  });

  test.each(LIMITS)('goes on while its connections end in the middle of %s', async (_, toxic) => {
    const before = await backends();
    await proxy.add(toxic);
    await stage.moves(1_000);
    await eventually('every connection was cut once', () => allReplaced(before));
    await proxy.heal();
    await stage.moves(1_000);
  });

  test('ends equal', () => stage.endsEqual());
});
