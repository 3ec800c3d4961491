import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openTestTopics, type ReadMessage, type TestTopics } from '../support/kafka-topics.ts';
import { createRelayStage, gone, type RelayStage } from '../support/relay-stage.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createRandom } from '../simulation/random.ts';

const SQL = `CREATE TABLE orders (id integer PRIMARY KEY, n integer NOT NULL, note text);
  CREATE TABLE "Log" (at timestamptz, line text)`;
/** Each key is changed again and again, in an order that `n` tells. */
const CHANGES = `INSERT INTO orders SELECT i, 0, 'new' FROM generate_series(1, 50) i;
  DO $$ BEGIN FOR step IN 1..200 LOOP UPDATE orders SET n = step WHERE id % 5 = step % 5; END LOOP; END $$`;
const UPDATES = 50 + 200 * 10;

interface Event {
  readonly id: number;
  readonly operation: string;
  readonly tablename: string;
  readonly old?: { readonly id: number; readonly n: number };
  readonly new?: { readonly id: number; readonly n: number };
}
const eventOf = ({ value }: ReadMessage): Event => JSON.parse(String(value)) as Event;

/** Each change of `orders` once, those of a key one after the other. */
function expectWhole(messages: readonly ReadMessage[]): void {
  const events = messages.map(eventOf);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  expect(events).toHaveLength(UPDATES);
  const last = new Map<number, number>();
  for (const { operation, old, new: now } of events) {
    const key = now?.id ?? 0;
    expect(old?.n, `the row before of key ${key}`).toBe(operation === 'INSERT' ? undefined : last.get(key));
    last.set(key, now?.n ?? 0);
  }
}

describeWith(['kafka', 'postgres'], 'changes of PostgreSQL in topics of Kafka', () => {
  let topics: TestTopics;
  let stage: RelayStage;
  let topic: string;
  beforeAll(async () => {
    topics = await openTestTopics(servers().kafkaUrl.replace('kafka://', ''));
  });
  afterAll(() => topics?.close());
  beforeEach(async () => {
    stage = await createRelayStage(servers().kafkaUrl, SQL);
    topic = await topics.create({}, 3);
  });
  afterEach(() => stage?.close());

  test('arrive once each and in the order of their keys, and the source is told', async () => {
    await stage.database.query(CHANGES);
    const result = await stage.relay({ name: topic });
    expect(result).toMatchObject({ why: 'caught-up', refusal: null, events: UPDATES });
    expectWhole(await topics.committed(topic));
    const lease = await stage.capture.changes.lease(
      { transfer: stage.transfer, lane: 1 },
      new AbortController().signal,
    );
    expect(lease.confirmed).toBe(lease.sealed);
    expect(await stage.relay({ name: topic })).toMatchObject({ why: 'caught-up', events: 0 });
  });

  test('are rolled back with their transaction, and named by their tables', async () => {
    await stage.database.query(`BEGIN; INSERT INTO orders VALUES (1, 1, 'a'); ROLLBACK`);
    await stage.database.query(
      `INSERT INTO orders VALUES (2, 1, 'b'); INSERT INTO "Log" VALUES (now(), 'x')`,
    );
    await stage.relay({ name: topic });
    const events = (await topics.committed(topic)).map(eventOf);
    expect(events.map(({ tablename }) => tablename).toSorted()).toEqual(['Log', 'orders']);
  });

  test('end with the slice, at the end of a claim', async () => {
    await stage.database.query(CHANGES);
    const stop = new AbortController();
    stop.abort();
    expect(await stage.relay({ name: topic }, { stop: stop.signal })).toMatchObject({
      why: 'stopped',
      claims: 0,
    });
    await stage.relay({ name: topic });
    expectWhole(await topics.committed(topic));
  });

  test('wait where the topic is missing or one of them is too large, and that is told', async () => {
    await stage.database.query(`INSERT INTO orders VALUES (1, 1, repeat('secret', 300000))`);
    expect(await stage.relay({ name: 'nowhere.{table}' })).toMatchObject({
      why: 'refused',
      refusal: {
        code: 'hub.topic_missing',
        details: { where: expect.stringMatching(/^nowhere\./) as string },
      },
    });
    const { refusal } = await stage.relay({ name: topic });
    expect(refusal).toMatchObject({ code: 'hub.message_too_large', table: 'public.orders' });
    expect(JSON.stringify(refusal)).not.toContain('secretsecret');
    await topics.admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: topic, configEntries: [{ name: 'max.message.bytes', value: '8000000' }] }],
    });
    expect(await stage.relay({ name: topic })).toMatchObject({ why: 'caught-up', events: 1 });
  });

  test('are there moments after they are made, for as long as the slice lasts', async () => {
    const stop = new AbortController();
    const running = stage.relay({ name: topic }, { stop: stop.signal, until: undefined });
    try {
      for (const id of [1, 2, 3]) {
        await stage.database.query(`INSERT INTO orders VALUES (${id}, 0, 'x')`);
        await eventually(
          `change ${id} is there`,
          async () => (await topics.committed(topic)).length === id,
          5_000,
        );
      }
      // Told while nothing happens any more: else a quiet source would keep what is in.
      await eventually(
        'the source knows',
        () =>
          stage.database
            .cell('SELECT bool_and(confirmed = sealed) FROM sluice_capture.capture_lanes')
            .then((all) => all === 't'),
        5_000,
      );
    } finally {
      stop.abort();
    }
    expect(await running).toMatchObject({ why: 'stopped', events: 3 });
  });

  for (const call of ['addPartitionsToTxn', 'addOffsetsToTxn', 'txnOffsetCommit', 'endTxn'] as const)
    for (const when of ['before', 'after'] as const)
      test(`survive a kill of their process ${when} ${call}, each once`, async () => {
        await stage.database.query(CHANGES);
        const child = stage.start({ name: topic }, { killAt: { call, nth: 3, when } });
        expect(await gone(child)).toBe('SIGKILL');
        const result = await stage.relay({ name: topic });
        expect(result.why).toBe('caught-up');
        expect(result.events).toBeLessThan(UPDATES);
        expectWhole(await topics.committed(topic));
      });

  test('survive kills at any moment, with two processes at once, each once', async () => {
    const random = createRandom(7);
    await stage.database.query(CHANGES);
    for (let round = 0; round < 6; round += 1) {
      const children = [
        stage.start({ name: topic }, { events: 100 }),
        stage.start({ name: topic }, { events: 100 }),
      ];
      await Promise.race(children.map((child) => Promise.race([once(child, 'message'), gone(child)])));
      await wait(random.int(0, 60));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(gone));
    }
    await stage.relay({ name: topic });
    expectWhole(await topics.committed(topic));
  });

  test('are refused for topics that another capture wrote, until a person wants them behind what is there', async () => {
    await stage.database.query(CHANGES);
    await stage.relay({ name: topic });
    await stage.reinstall();
    await expect(stage.relay({ name: topic })).rejects.toMatchObject({ code: 'capture.resync_required' });
    const change = () => stage.database.query('UPDATE orders SET n = n + 1 WHERE id = 1');
    await change();
    expect(await stage.relay({ name: topic }, { anew: true })).toMatchObject({ why: 'caught-up', events: 1 });
    await change();
    // What was wanted once is no reason to forget what is in.
    expect(await stage.relay({ name: topic }, { anew: true })).toMatchObject({ events: 1 });
    expect(await stage.relay({ name: topic })).toMatchObject({ events: 0 });
    const found = (await topics.committed(topic)).map(eventOf).filter(({ new: row }) => row?.id === 1);
    expect(found.slice(-2).map(({ old, new: row }) => [old?.n, row?.n])).toEqual([
      [196, 197],
      [197, 198],
    ]);
  });
});
