import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ChangeLoad, startLoad } from '../support/change-load.ts';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { openTestTopics, type TestTopics } from '../support/kafka-topics.ts';
import { describeWith, servers } from '../support/servers.ts';

interface Movex {
  readonly id: number;
  readonly tablename: string;
  readonly operation: string;
  readonly old?: { readonly k: number; readonly list: string };
  readonly new?: { readonly k: number; readonly list: string };
}

describeWith(['postgres', 'kafka', 'temporal'], 'a transfer of changes to a topic', () => {
  let stage: ChangeStage;
  let load: ChangeLoad | undefined;
  let topics: TestTopics;
  let topic: string;

  beforeEach(async () => {
    topics = await openTestTopics(process.env['SLUICE_TEST_KAFKA_BROKERS'] ?? '');
    topic = await topics.create();
    stage = await createChangeStage({
      hub: servers().kafkaUrl,
      spec: { mode: 'changes', target: 'hub', topics: { name: topic } },
    });
  });

  afterEach(async () => {
    await load?.stop().catch(() => undefined);
    load = undefined;
    await stage.close();
    await topics.close();
  });

  const events = async (): Promise<readonly Movex[]> =>
    (await topics.committed(topic)).map(({ value }) => JSON.parse(String(value)) as Movex);

  test('stores each change once and in order of its key, whatever dies, and ends at a cut-over', async () => {
    const { world, source } = stage;
    let worker = world.worker();
    await world.start();
    await world.eventually('it is live', async () => (await world.status()).phase === 'live');
    load = await startLoad(source.url, { seed: 5, pauseMs: 10 });
    for (const committed of [30, 60, 90]) {
      await world.eventually('the load goes on', () => (load?.committed() ?? 0) >= committed);
      worker.kill('SIGKILL');
      await worker.ended;
      worker = world.worker();
    }
    await load.stop();
    expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
    const told = await events();
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
    const lists = new Map<number, string>();
    for (const { tablename, old, new: now } of told) {
      if (tablename !== 'lists' || !old || !now) continue;
      // What a change found is what the one before left: none is missing, doubled or out of order.
      expect(old.list).toBe(lists.get(now.k) ?? '');
      lists.set(now.k, now.list);
    }
    const rows = await source.query("SELECT k, list FROM lists WHERE list <> ''");
    expect(Object.fromEntries(lists)).toEqual(Object.fromEntries(rows));
  });

  test('waits for a person where the topic is missing, and goes on when it is there', async () => {
    const { world, source } = stage;
    await topics.admin.deleteTopics({ topics: [topic] });
    world.worker();
    await world.start();
    await world.eventually('it is blocked', async () => (await world.status()).phase === 'blocked');
    await source.query('INSERT INTO accounts VALUES (700, 1)');
    const [changes] = (await world.tables()).tables;
    expect(changes?.error).toMatchObject({ code: 'hub.topic_missing' });
    await topics.admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    expect((await world.cli('table', 'retry', world.transfer, '(changes)')).code).toBe(0);
    await world.eventually('the change is there', async () => (await events()).length === 1);
    expect((await events())[0]).toMatchObject({ operation: 'INSERT', tablename: 'accounts' });
  });

  test('waits for a person where the capture was installed anew, and goes on behind what is there', async () => {
    const { world, source } = stage;
    const cli = async (...args: readonly string[]): Promise<void> => {
      const ran = await world.cli(...args);
      expect(ran, ran.stderr + ran.stdout).toMatchObject({ code: 0 });
    };
    const isThere = (id: number): Promise<unknown> =>
      world.eventually('the change is there', async () =>
        (await topics.committed(topic)).some(({ value }) => String(value).includes(String(id))),
      );
    world.worker();
    await world.start();
    await world.eventually('it is live', async () => (await world.status()).phase === 'live');
    await source.query('INSERT INTO accounts VALUES (70001, 1)');
    await isThere(70_001);
    await cli('cut-over', world.transfer, '--wait');
    await cli('capture', 'uninstall', 'source', '--yes');
    await cli('capture', 'install', 'source');
    await cli('capture', 'deploy', 'source');
    await world.start();
    await world.eventually('somebody is told', async () =>
      (await world.tables()).tables.some(({ error }) => error?.code === 'capture.resync_required'),
    );
    await source.query('INSERT INTO accounts VALUES (70002, 1)');
    await cli('table', 'resnapshot', world.transfer, '(changes)', '--yes');
    await isThere(70_002);
    await cli('cut-over', world.transfer, '--wait');
    const ids = (await events()).map(({ new: now }) => now).filter((row) => row !== undefined);
    expect(ids).toHaveLength(2);
  });
});
