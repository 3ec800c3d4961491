import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningToxiproxy } from '../../scripts/servers/start-toxiproxy.mjs';
import { type ChangeLoad, startLoad } from '../support/change-load.ts';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { eventually } from '../support/eventually.ts';
import { NATS, type OwnHub, type RunStreams } from '../support/fault-hubs.ts';
import { describeWith, servers, startOwnToxiproxy } from '../support/servers.ts';
import { createProxy, type Proxy, type Toxic } from '../support/toxics.ts';

const PATIENCE_MS = 180_000;

const SWALLOWED = (stream: Toxic['stream']): Toxic => ({
  type: 'timeout',
  stream,
  attributes: { timeout: 1_000 },
});

/** An end of the transfer, and what is swallowed there: answers of commits, of which nobody knows then whether they took place. */
const CUTS = [
  ['source', 'answers of the source', SWALLOWED('downstream')],
  ['target', 'answers of the target', SWALLOWED('downstream')],
  ['hub', 'what the hub is sent', SWALLOWED('upstream')],
] as const;

describeWith(['postgres', 'nats', 'temporal', 'toxiproxy'], 'changes that are followed', () => {
  let toxiproxy: RunningToxiproxy;
  let hub: OwnHub;
  let streams: RunStreams;
  let stage: ChangeStage;
  let load: ChangeLoad;
  let long: pg.Client;
  const proxies: Record<string, Proxy> = {};
  let turn: string | null;
  let markers = 1_000;

  const turnNow = (): Promise<string | null> =>
    stage.source.cell('SELECT last_value FROM sluice_capture.event_turn');

  beforeAll(async () => {
    toxiproxy = await startOwnToxiproxy();
    hub = await NATS.start(toxiproxy.apiUrl);
    proxies['hub'] = hub.proxy;
    const server = new URL(servers().postgresUrl).host;
    for (const end of ['source', 'target']) proxies[end] = await createProxy(toxiproxy.apiUrl, end, server);
    const through = (end: string) => (url: string) => {
      const proxied = new URL(url);
      proxied.port = String(proxies[end]?.port);
      return proxied.href;
    };
    stage = await createChangeStage({
      hub: hub.url,
      through: { source: through('source'), target: through('target') },
    });
    const { world } = stage;
    load = await startLoad(stage.source.url, { seed: 11, pauseMs: 20 });
    world.worker();
    await world.start();
    streams = await hub.streamsOf(world.transfer);
    await world.eventually('it is live', async () => (await world.status()).phase === 'live', PATIENCE_MS);
    // Open over all that follows: what it changes now and at the end is one transaction, which nobody saw begin.
    long = new pg.Client({ connectionString: stage.source.url });
    await long.connect();
    await long.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await long.query('INSERT INTO accounts VALUES (900, 0), (901, 0)');
    turn = await turnNow();
  });

  afterAll(async () => {
    await load?.stop().catch(() => undefined);
    await long?.end();
    await stage?.close();
    await streams?.close();
    await hub?.server.stop();
    await toxiproxy?.stop();
  });

  /** What changes now arrives, and all lists are beginnings of the source's. */
  const arrives = async (): Promise<void> => {
    const id = (markers += 1);
    await stage.source.query(`INSERT INTO accounts VALUES (${id}, 0)`);
    await stage.world.eventually(
      'what changed is there',
      async () => (await stage.target.cell(`SELECT 1 FROM accounts WHERE id = ${id}`)) === '1',
      PATIENCE_MS,
    );
    await stage.expectPrefixes();
  };
  /** Changes wait at the source while the application goes on. */
  const waits = async (): Promise<void> => {
    const id = (markers += 1);
    await stage.source.query(`INSERT INTO accounts VALUES (${id}, 0)`);
    const before = load.committed();
    await eventually('the application goes on', () => load.committed() > before + 40);
    expect(await stage.target.cell(`SELECT 1 FROM accounts WHERE id = ${id}`)).toBeNull();
  };

  test.each(CUTS)('go on where they were after the network at the %s swallowed %s', async (end, _, toxic) => {
    await arrives();
    await proxies[end]?.add(toxic);
    await waits();
    await proxies[end]?.heal();
    await arrives();
  });

  test('are read again when the hub loses all that it keeps, twice', async () => {
    for (let times = 0; times < 2; times += 1) {
      await eventually('it has streams', async () => (await streams.names()).length > 0);
      for (const each of await streams.names()) await streams.remove(each);
      await arrives();
    }
  });

  test('have a transaction that was open over rotations of the staging tables, as a whole', async () => {
    await stage.world.eventually('the tables were rotated', async () => (await turnNow()) !== turn);
    await long.query(
      'UPDATE accounts SET balance = 1 WHERE id IN (900, 901); DELETE FROM accounts WHERE id = 901',
    );
    await long.query('COMMIT');
    await arrives();
    await stage.world.eventually(
      'it is there',
      async () => (await stage.target.cell('SELECT balance FROM accounts WHERE id = 900')) === '1.00',
    );
    expect(await stage.target.cell('SELECT 1 FROM accounts WHERE id = 901')).toBeNull();
  });

  test('end equal, and the application was told of nothing', async () => {
    const { world } = stage;
    await load.stop();
    expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
    await stage.expectEqual();
    expect(await stage.target.cell('SELECT sum(balance) FROM accounts')).toBe('40001.00');
  });
});
