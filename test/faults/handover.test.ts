import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { createRandom } from '../simulation/random.ts';
import { type ChangeLoad, startLoad } from '../support/change-load.ts';
import { type ChangeStage, createChangeStage, type EndName } from '../support/change-stage.ts';
import { LOADS } from '../support/load-products.ts';
import { describeWith, type ServerName, servers } from '../support/servers.ts';

const KILLS = 6;
/** Slices that share the lanes of changes. */
const RELAYS = 2;

const randomSeed = (): number => Number(process.env['SLUICE_TEST_SEED'] ?? Date.now() % 1_000_000);

/** What a user of a product has: a source of each, and each hub. */
const WAYS: readonly (readonly [ServerName, EndName, string, (() => string) | undefined])[] = [
  ['postgres', 'postgresql', 'NATS', undefined],
  ['postgres', 'postgresql', 'Kafka', () => servers().kafkaUrl],
  ['mariadb', 'mariadb', 'NATS', undefined],
  ['mysql', 'mysql', 'NATS', undefined],
  ['nats', 'sqlite', 'Kafka', () => servers().kafkaUrl],
];

describe.each(WAYS)('rows and then their changes under a heavy load (%s)', (server, from, through, hub) => {
  describeWith([server, 'nats', 'kafka', 'temporal'], `of ${from} through ${through}`, () => {
    let stage: ChangeStage;
    let load: ChangeLoad | undefined;

    afterEach(async () => {
      await load?.stop().catch(() => undefined);
      load = undefined;
      await stage.close();
    });

    test('lose, double and reorder nothing while workers are killed', async () => {
      const seed = randomSeed();
      const random = createRandom(seed);
      stage = await createChangeStage({
        from,
        ...(hub ? { hub: hub() } : {}),
        spec: { changes: { claimEvents: 500, relays: RELAYS } },
      });
      const { world } = stage;
      load = await startLoad(stage.source.url, { seed, product: LOADS[from], pauseMs: 10 });
      const workers = [world.worker(), world.worker()];
      await world.start();
      try {
        const killOne = async (): Promise<void> => {
          const at = random.int(0, 1);
          workers[at]?.kill('SIGKILL');
          await workers[at]?.ended;
          workers[at] = world.worker();
        };
        for (let kill = 0; kill < KILLS; kill += 1) {
          await delay(random.int(0, 4_000));
          await killOne();
        }
        await world.eventually(
          'the changes are live',
          async () => (await world.status()).phase === 'live',
          180_000,
        );
        await world.runsAtOnce('relayChanges', RELAYS);
        await stage.expectPrefixes();
        await killOne();
        await world.runsAtOnce('relayChanges', RELAYS);
        await stage.expectPrefixes();
        // No error of the application is ours.
        await load.stop();
        const ended = await world.cli('cut-over', world.transfer, '--wait');
        expect(ended, ended.stderr + ended.stdout).toMatchObject({ code: 0 });
        await stage.expectEqual();
      } catch (error) {
        throw new Error(`with SLUICE_TEST_SEED=${seed}`, { cause: error });
      }
    });
  });
});
