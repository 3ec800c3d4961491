import { afterAll, beforeAll, test } from 'vitest';
import type { RunningToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { limit, LIMITS, silence, SILENCES } from '../support/disturbances.ts';
import { describeWith, servers, startOwnToxiproxy } from '../support/servers.ts';
import { createProxy, type Proxy } from '../support/toxics.ts';
import { createStage, type Stage } from '../support/transfer-stage.ts';

describeWith(['postgres', 'nats', 'temporal', 'toxiproxy'], 'a target behind a bad network', () => {
  let toxiproxy: RunningToxiproxy;
  let proxy: Proxy;
  let stage: Stage;

  const network = () => ({ stage, proxy, rows: 1_000 });

  beforeAll(async () => {
    toxiproxy = await startOwnToxiproxy();
    proxy = await createProxy(toxiproxy.apiUrl, 'target', new URL(servers().postgresUrl).host);
    stage = await createStage({
      reserve: true,
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

  test.each(SILENCES)('goes on after its %s', (_, toxic) => silence(network(), toxic));

  test.each(LIMITS)('goes on while its connections end in the middle of %s', (_, toxic) =>
    limit(network(), toxic),
  );

  test('ends equal', () => stage.endsEqual());
});
