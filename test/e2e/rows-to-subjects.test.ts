import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ChangeLoad, startLoad } from '../support/change-load.ts';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { uniqueName } from '../support/databases.ts';
import { LOADS } from '../support/load-products.ts';
import { describeWith, servers } from '../support/servers.ts';

const ITEMS = 6_000;
const SQL = [
  ...LOADS.postgresql.tables,
  'CREATE TABLE items (id integer PRIMARY KEY, note text NOT NULL)',
  `INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, ${ITEMS}) AS i`,
].join(';\n');

interface Movex {
  readonly id: number;
  readonly tablename: string;
  readonly operation: string;
  readonly old?: { readonly k: number; readonly list: string };
  readonly new?: { readonly k: number; readonly list: string; readonly id: number };
}

describeWith(['postgres', 'nats', 'temporal'], 'a transfer of rows and their changes to subjects', () => {
  let nc: NatsConnection;
  let jsm: JetStreamManager;
  let stage: ChangeStage;
  let load: ChangeLoad | undefined;
  let stream: string;
  let prefix: string;

  beforeEach(async () => {
    nc = await connect({ servers: servers().natsUrl.replace('nats://', '') });
    jsm = await nc.jetstreamManager();
    [stream, prefix] = [uniqueName('stream'), uniqueName('cdc')];
    await jsm.streams.add({ name: stream, subjects: [`${prefix}.>`] });
    stage = await createChangeStage({
      sql: SQL,
      spec: {
        mode: 'both',
        target: 'hub',
        topics: { name: `${prefix}.{table}` },
        tables: { 'public.*': {}, 'public.items': { init: { where: 'id % 2 = 0', order: ['note'] } } },
        read: { readers: 6 },
        limits: { ratePerSecond: 2_000 },
      },
    });
  });

  afterEach(async () => {
    await load?.stop().catch(() => undefined);
    load = undefined;
    await stage.close();
    await jsm.streams.delete(stream);
    await nc.close();
  });

  /** Each event once, as a consumer takes them that knows the ids it has seen. */
  const events = async (): Promise<readonly Movex[]> => {
    const { state } = await jsm.streams.info(stream);
    const seen = new Map<number, Movex>();
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const event = (await jsm.streams.getMessage(stream, { seq })).json<Movex>();
      if (!seen.has(event.id)) seen.set(event.id, event);
    }
    return [...seen.values()];
  };
  const loadedItems = async (): Promise<number> =>
    Number(
      (
        await stage.source.query(
          `SELECT max(l.events) FROM sluice_capture.capture_loads AS l JOIN sluice_capture.captured_tables AS t ON t.number = l.table_number
           WHERE t.table_name = 'items'`,
        )
      )[0]?.[0],
    );
  const stateOf = async (id: string) => {
    const { tables } = await stage.world.tables();
    return tables.find(({ table }) => table === id);
  };

  test('sends each row once at its place among its changes, whoever dies, and again when a person wants it', async () => {
    const { world, source } = stage;
    let worker = world.worker();
    await world.start();
    load = await startLoad(source.url, { seed: 7, sessions: 2, pauseMs: 20 });
    for (const rows of [300, 1_200]) {
      await world.eventually('some rows are loaded', async () => (await loadedItems()) >= rows);
      expect((await world.status()).phase).toBe('copying');
      worker.kill('SIGKILL');
      await worker.ended;
      worker = world.worker();
    }
    await world.eventually('it is live', async () => (await world.status()).phase === 'live');
    expect(await stateOf('public.items')).toMatchObject({ status: 'finished', rows: ITEMS / 2 });
    const again = await world.cli('table', 'resnapshot', world.transfer, 'public.lists', '--yes');
    expect(again, again.stderr).toMatchObject({ code: 0 });
    await world.eventually('the lists are loaded again', async () => {
      const lists = await stateOf('public.lists');
      return lists?.generation === 2 && lists.status === 'finished';
    });
    await load.stop();
    expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);

    const told = await events();
    const items = told.filter(({ tablename }) => tablename === 'items');
    expect(items.map(({ operation }) => operation)).toEqual(Array.from({ length: ITEMS / 2 }, () => 'INIT'));
    const notes = await source.query('SELECT id FROM items WHERE id % 2 = 0 ORDER BY note');
    expect(items.map((event) => String(event.new?.id))).toEqual(notes.map(([id]) => id));
    const lists = new Map<number, string>();
    const loaded = new Map<number, number>();
    const wrong: string[] = [];
    for (const { tablename, operation, old, new: now } of told) {
      if (tablename !== 'lists' || !now) continue;
      if (operation === 'INIT') loaded.set(now.k, (loaded.get(now.k) ?? 0) + 1);
      // What a change found, and what was found of a row, is what the change before left.
      const found = operation === 'INIT' ? now.list : old?.list;
      if ((lists.get(now.k) ?? found) !== found) wrong.push(`${operation} of ${now.k}`);
      lists.set(now.k, now.list);
    }
    expect(wrong).toEqual([]);
    expect(new Set(loaded.values())).toEqual(new Set([2]));
    expect(Object.fromEntries(lists)).toEqual(
      Object.fromEntries(await source.query('SELECT k, list FROM lists')),
    );
  });
});
