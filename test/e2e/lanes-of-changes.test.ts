import { afterEach, describe, expect, test } from 'vitest';
import { type ChangeLoad, LOAD_TABLES, startLoad } from '../support/change-load.ts';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { openTestTopics, type TestTopics } from '../support/kafka-topics.ts';
import { describeWith, servers } from '../support/servers.ts';

interface Movex {
  readonly id: number;
  readonly tablename: string;
  readonly old?: { readonly k: number; readonly list: string };
  readonly new?: { readonly k: number; readonly list: string };
}

let stage: ChangeStage | undefined;
let load: ChangeLoad | undefined;
let topics: TestTopics | undefined;
let made: readonly string[] = [];

afterEach(async () => {
  await load?.stop().catch(() => undefined);
  await stage?.close();
  if (made.length > 0) await topics?.admin.deleteTopics({ topics: [...made] }).catch(() => undefined);
  await topics?.close();
  made = [];
  [load, stage, topics] = [undefined, undefined, undefined];
});

describeWith(
  ['postgres', 'kafka', 'temporal'],
  'lanes of changes that several workers send to a topic',
  () => {
    test('store each change once and in order of its key, while workers die and the number of relays changes', async () => {
      topics = await openTestTopics(process.env['SLUICE_TEST_KAFKA_BROKERS'] ?? '');
      const topic = await topics.create();
      // A topic for each table, and so one producer for each: kafkajs shows what was aborted where several were at it.
      made = LOAD_TABLES.map((table) => `${topic}.${table}`);
      await topics.admin.createTopics({ topics: made.map((name) => ({ topic: name, numPartitions: 4 })) });
      const spec = { mode: 'changes', target: 'hub', topics: { name: `${topic}.{table}` } } as const;
      stage = await createChangeStage({
        hub: servers().kafkaUrl,
        spec: { ...spec, changes: { claimEvents: 50, relays: 3 } },
      });
      const { world, source } = stage;
      const workers = [world.worker(), world.worker()];
      await world.start();
      await world.eventually('it is live', async () => (await world.status()).phase === 'live');
      await world.runsAtOnce('relayToTopics', 3);
      load = await startLoad(source.url, { seed: 11, pauseMs: 10 });
      await world.eventually(
        'events are counted while the slices run',
        async () => (await world.status()).totals.rowsApplied > 0,
      );
      for (const [committed, relays] of [
        [30, 1],
        [60, 4],
        [90, 2],
      ] as const) {
        await world.eventually('the load goes on', () => (load?.committed() ?? 0) >= committed);
        workers.shift()?.kill('SIGKILL');
        workers.push(world.worker());
        await world.change({ relays });
        await world.runsAtOnce('relayToTopics', relays);
      }
      await load.stop();
      expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
      const stored = await storedIn(topics, made);
      const events = [...stored.values()];
      const places = new Map<number, string[]>();
      for (const [place, { id }] of stored) places.set(id, [...(places.get(id) ?? []), place]);
      expect([...places.values()].filter((at) => at.length > 1)).toEqual([]);
      const lists = new Map<number, string>();
      for (const { tablename, old, new: now } of events) {
        if (tablename !== 'lists' || !old || !now) continue;
        // What a change found is what the one before left: none is missing, doubled or out of order.
        expect(old.list).toBe(lists.get(now.k) ?? '');
        lists.set(now.k, now.list);
      }
      const rows = await source.query("SELECT k, list FROM lists WHERE list <> ''");
      expect(Object.fromEntries(lists)).toEqual(Object.fromEntries(rows));
      expect((await world.result()).tables.map(({ table }) => table).toSorted()).toEqual([
        '(changes 2)',
        '(changes 3)',
        '(changes 4)',
        '(changes)',
      ]);
      expect((await world.result()).rows).toBeGreaterThan(0);
    });
  },
);

/** Events by their places in the topics, in their order: a consumer that joins its group again may read one of them twice. */
async function storedIn(from: TestTopics, names: readonly string[]): Promise<ReadonlyMap<string, Movex>> {
  const stored = new Map<string, Movex>();
  for (const name of names)
    for (const { partition, offset, value } of await from.committed(name))
      stored.set(`${name}/${partition}/${offset}`, JSON.parse(String(value)) as Movex);
  return stored;
}

const TWO = `CREATE TABLE a (id integer PRIMARY KEY, n integer); CREATE TABLE b (id integer PRIMARY KEY, n integer)`;

describeWith(
  ['postgres', 'nats', 'temporal'],
  'lanes of changes of tables that do not refer to each other',
  () => {
    const rows = async (table: 'a' | 'b'): Promise<number> =>
      Number(await stage?.target.cell(`SELECT count(*) FROM ${table}`));

    describe('where a change of one is refused', () => {
      test('go on with the others, and with it when a person has mended it', async () => {
        stage = await createChangeStage({
          sql: TWO,
          spec: { mode: 'changes', changes: { ordering: 'table' }, completion: { verify: 'none' } },
        });
        const { world, source, target } = stage;
        await target.query(`${TWO}; ALTER TABLE b ADD CONSTRAINT small CHECK (n < 10)`);
        world.worker();
        await world.start();
        await world.eventually('it is live', async () => (await world.status()).phase === 'live');
        await source.query('INSERT INTO b VALUES (1, 100); INSERT INTO a VALUES (1, 1)');
        await world.eventually('one lane is blocked', async () => {
          const blocked = (await world.tables()).tables.filter(({ status }) => status === 'blocked');
          return blocked.length === 1 && blocked[0]?.error?.message.includes('public.b') === true;
        });
        await source.query('INSERT INTO a VALUES (2, 2)');
        await world.eventually('the other goes on', async () => (await rows('a')) === 2);
        expect(await world.status()).toMatchObject({ phase: 'live', health: { health: 'blocked' } });
        await target.query('ALTER TABLE b DROP CONSTRAINT small');
        expect((await world.cli('table', 'retry', world.transfer, '(changes)')).code).toBe(0);
        await world.eventually('its change is there', async () => (await rows('b')) === 1);
        expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
      });
    });

    describe('where one is paused', () => {
      test('go on with the others, and with it when it is resumed', async () => {
        stage = await createChangeStage({ sql: TWO });
        const { world, source, target } = stage;
        await source.query('INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1)');
        world.worker();
        await world.start();
        await world.eventually('it is live', async () => (await world.status()).phase === 'live');
        await world.eventually(
          'both are built',
          async () => (await world.status()).tables.byStatus.built === 2,
        );
        expect((await world.cli('table', 'pause', world.transfer, 'public.b')).code).toBe(0);
        await world.eventually('its lane alone stands still', async () => {
          const { tables } = await world.tables();
          const lanes = tables.filter(({ table }) => table.startsWith('(changes'));
          return (
            lanes
              .map(({ status }) => status)
              .toSorted()
              .join() === 'copying,ready'
          );
        });
        await source.query('INSERT INTO a VALUES (2, 2); INSERT INTO b VALUES (2, 2)');
        await world.eventually('the change of one is there', async () => (await rows('a')) === 2);
        await source.query('INSERT INTO a VALUES (3, 3)');
        await world.eventually('and the next one', async () => (await rows('a')) === 3);
        expect(await rows('b')).toBe(1);
        expect((await world.cli('table', 'resume', world.transfer, 'public.b')).code).toBe(0);
        await world.eventually('the other is there, too', async () => (await rows('b')) === 2);
        expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
        expect(await world.result()).toMatchObject({ phase: 'finished', equal: 2 });
        const all = 'SELECT * FROM b ORDER BY id';
        expect(await target.query(all)).toEqual(await source.query(all));
      });
    });

    test('are cut into smaller claims when somebody wants that while they flow', async () => {
      stage = await createChangeStage({ sql: TWO, spec: { mode: 'changes', changes: { lanes: 1 } } });
      const { world, source, target } = stage;
      await target.query(TWO);
      const sealed = async (): Promise<number> =>
        Number(
          await source.cell(`SELECT greatest((SELECT max(sealed) FROM sluice_capture.capture_lanes),
          (SELECT max(claim) FROM sluice_capture.capture_claims))`),
        );
      world.worker();
      await world.start();
      await world.eventually('it is live', async () => (await world.status()).phase === 'live');
      expect((await world.cli('pause', world.transfer, '--wait')).code).toBe(0);
      const before = await sealed();
      for (let id = 1; id <= 24; id += 1) await source.query(`INSERT INTO a VALUES (${id}, 0)`);
      expect((await world.cli('settings', world.transfer, '--claim-events', '2')).stdout).toContain(
        'at most 2 changes',
      );
      expect((await world.cli('resume', world.transfer)).code).toBe(0);
      await world.eventually('they are there', async () => (await rows('a')) === 24);
      // A claim goes to twice its events where a transaction would be cut.
      expect((await sealed()) - before).toBeGreaterThanOrEqual(6);
      expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
    });
  },
);
