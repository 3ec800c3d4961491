import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type JetStreamManager, type NatsConnection, type StoredMsg } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { nats } from '../../src/hubs/nats/hub.ts';
import { never } from '../contract/hub-fixture.ts';
import { uniqueName } from '../support/databases.ts';
import { createRelayStage, gone, type RelayStage } from '../support/relay-stage.ts';
import { describeWith, servers } from '../support/servers.ts';
import { createRandom } from '../simulation/random.ts';

const SQL = 'CREATE TABLE orders (id integer PRIMARY KEY, n integer NOT NULL, note text)';
const CHANGES = `INSERT INTO orders SELECT i, 0, 'new' FROM generate_series(1, 50) i;
  DO $$ BEGIN FOR step IN 1..100 LOOP UPDATE orders SET n = step WHERE id % 5 = step % 5; END LOOP; END $$`;
const UPDATES = 50 + 100 * 10;

interface Event {
  readonly id: number;
  readonly operation: string;
  readonly old?: { readonly n: number };
  readonly new?: { readonly id: number; readonly n: number };
}

describeWith(['nats', 'postgres'], 'changes of PostgreSQL in subjects of NATS', () => {
  let nc: NatsConnection;
  let jsm: JetStreamManager;
  let stage: RelayStage;
  let stream: string;
  let prefix: string;
  beforeAll(async () => {
    nc = await connect({ servers: servers().natsUrl.replace('nats://', '') });
    jsm = await nc.jetstreamManager();
  });
  afterAll(() => nc?.close());
  beforeEach(async () => {
    stage = await createRelayStage(servers().natsUrl, SQL);
    stream = uniqueName('stream');
    prefix = uniqueName('cdc');
    await jsm.streams.add({ name: stream, subjects: [`${prefix}.>`] });
  });
  afterEach(async () => {
    await jsm.streams.delete(stream);
    await stage?.close();
  });

  const stored = async (): Promise<readonly StoredMsg[]> => {
    const { state } = await jsm.streams.info(stream);
    const messages: StoredMsg[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1)
      messages.push(await jsm.streams.getMessage(stream, { seq }));
    return messages;
  };
  const eventsOf = (messages: readonly StoredMsg[]): readonly Event[] =>
    messages.map((each) => each.json<Event>());
  /** As a consumer takes them: what is not above the last id of its key was seen before. */
  function expectWhole(messages: readonly StoredMsg[]): void {
    const lastId = new Map<number, number>();
    const lastN = new Map<number, number>();
    let taken = 0;
    for (const event of eventsOf(messages)) {
      const key = event.new?.id ?? 0;
      if (event.id <= (lastId.get(key) ?? 0)) continue;
      lastId.set(key, event.id);
      expect(event.old?.n).toBe(event.operation === 'INSERT' ? undefined : lastN.get(key));
      lastN.set(key, event.new?.n ?? 0);
      taken += 1;
    }
    expect(taken).toBe(UPDATES);
  }
  const topicsOf = () => ({ name: `${prefix}.{schema}.{table}` });

  test('lie under schema and table, with ids by which repeats are told', async () => {
    await stage.database.query(CHANGES);
    expect(await stage.relay({ ...topicsOf(), cloudEvents: true })).toMatchObject({
      why: 'caught-up',
      events: UPDATES,
    });
    const messages = await stored();
    expect(messages).toHaveLength(UPDATES);
    expectWhole(messages);
    const [first] = messages;
    expect(first?.subject).toBe(`${prefix}.public.orders`);
    const id = first?.json<Event>().id;
    expect(first?.header.get('Nats-Msg-Id')).toMatch(new RegExp(`^.+\\.${id}$`));
    expect(first?.header.get('ce-id')).toBe(String(id));
    expect(await stage.relay(topicsOf())).toMatchObject({ events: 0 });
  });

  const deaths = [
    ['publish', 1],
    ['publish', 300],
    ['publish', 501],
    ['replace', 2],
  ] as const;
  for (const [call, nth] of deaths)
    for (const when of ['before', 'after'] as const)
      test(`lose nothing by a kill of their process ${when} its ${call} ${nth}`, async () => {
        await stage.database.query(CHANGES);
        const child = stage.start(topicsOf(), { killAt: { call, nth, when } });
        expect(await gone(child)).toBe('SIGKILL');
        await stage.relay(topicsOf());
        const messages = await stored();
        expectWhole(messages);
        // Within the stream's window the server drops repeats itself.
        expect(messages).toHaveLength(UPDATES);
      });

  test('lose nothing by kills at any moment, with two processes at once', async () => {
    const random = createRandom(11);
    await stage.database.query(CHANGES);
    for (let round = 0; round < 4; round += 1) {
      const children = [stage.start(topicsOf(), { events: 50 }), stage.start(topicsOf(), { events: 50 })];
      await Promise.race(children.map((child) => Promise.race([once(child, 'message'), gone(child)])));
      await wait(random.int(0, 60));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(gone));
    }
    await stage.relay(topicsOf());
    expectWhole(await stored());
  });

  test('are not written by who had the lane before', async () => {
    const hub = await nats.open(nats.parseUrl(servers().natsUrl, {}), { applicationName: 'zombie' });
    try {
      const lane = { transfer: stage.transfer, lane: 1, incarnation: 'one', topics: [] };
      const before = await hub.topicSink!.open(lane, never);
      await before.write(1, [], never);
      const after = await hub.topicSink!.open(lane, never);
      expect(after.last).toEqual({ claim: 1, incarnation: 'one' });
      await expect(before.write(2, [], never)).rejects.toMatchObject({ code: 'capture.lease_lost' });
      await after.write(2, [], never);
    } finally {
      await hub.close();
    }
  });

  test('wait where no stream takes the subject, and where one is too large', async () => {
    await stage.database.query(`INSERT INTO orders VALUES (1, 1, repeat('secret', 300000))`);
    expect(await stage.relay({ name: `${prefix}x.{table}` })).toMatchObject({
      why: 'refused',
      refusal: { code: 'hub.topic_missing' },
    });
    await jsm.streams.update(stream, { max_msg_size: 100_000 });
    const { refusal } = await stage.relay(topicsOf());
    expect(refusal).toMatchObject({ code: 'hub.message_too_large', table: 'public.orders' });
    expect(JSON.stringify(refusal)).not.toContain('secretsecret');
  });
});
