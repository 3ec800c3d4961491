import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery, Hub, HubMessage, RunTopic } from '../../src/engine/ports/hub.ts';
import {
  collect,
  createGate,
  createHubFixture,
  type HubContext,
  type HubHarness,
  idsOf,
  message,
  MIB,
  never,
  range,
  rowBytes,
  sorted,
  until,
  WIDE,
} from './hub-fixture.ts';
import { announcements, losses, streams } from './hub-streams-suite.ts';

/** What every hub promises, whatever the product; see engine/ports/hub.ts. */
export function hubSuite(harness: HubHarness): void {
  describe(harness.title, () => {
    const fixture = createHubFixture(harness);
    let hub: Hub;
    let topic: RunTopic;
    const context: HubContext = {
      get hub() {
        return hub;
      },
      get topic() {
        return topic;
      },
      publish: async (messages) => {
        const publisher = await hub.publisher(topic);
        await Promise.all(messages.map((one) => publisher.publish(one, never)));
        await publisher.close();
      },
      backlog: async () => (await hub.topics.backlog(topic, never)).messages,
    };
    beforeAll(async () => {
      hub = await fixture.open();
    });
    beforeEach(async () => {
      topic = fixture.topic();
      await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    });
    afterAll(() => fixture.clean());

    describe('publishing', () => publishing(context, harness));
    describe('consuming', () => consuming(context));
    describe('the window', () => window(context));
    describe('several consumers', () => sharing(context, harness));
    describe('losses', () => losses(context, harness));
    describe('streams', () => streams(context, harness));
    describe('announcements', () => announcements(context));
  });
}

function publishing(context: HubContext, harness: HubHarness): void {
  test('id, ordinal, header and bytes arrive as they were published', async () => {
    const { hub, topic } = context;
    const header = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join(' ');
    const sent = [0, 1, 255, 65_536, 3 * MIB].map((size, n) => ({
      ...message(n, rowBytes(size), n * 7),
      header,
    }));
    const most = await hub.topics.maxMessageBytes(never);
    const whole = sent.filter(({ data }) => data.length <= most);
    await context.publish(whole);
    const consumer = await hub.consumer(topic, WIDE);
    const got = collect(consumer);
    await until(() => got.seen.length === whole.length);
    await got.stop();
    await consumer.close();
    const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
    const plain = ({ id, ordinal, header: text, data }: HubMessage) => ({
      id,
      ordinal,
      text,
      sha: sha(data),
    });
    // Other ordinals may be other subjects or partitions: there is no order between them.
    const byId = (messages: readonly HubMessage[]) =>
      messages.map(plain).sort((a, b) => a.ordinal - b.ordinal);
    expect(byId(got.seen)).toEqual(byId(whole));
    expect(got.seen.every(({ redelivered }) => !redelivered)).toBe(true);
  });

  test('overlapping publishes keep their order', async () => {
    await context.publish(range(1, 300).map((n) => message(n, rowBytes((n * 7919) % 20_000))));
    const consumer = await context.hub.consumer(context.topic, WIDE);
    const got = collect(consumer);
    await until(() => got.seen.length === 300);
    await got.stop();
    await consumer.close();
    expect(got.ids()).toEqual(idsOf(1, 300));
  });

  test.runIf(harness.storesIdsOnce)('the same id published twice is stored once', async () => {
    await context.publish([message(1), message(1), message(2)]);
    await context.publish([message(1)]);
    expect(await context.backlog()).toBe(2);
  });

  test('a message of the largest size is taken, one that is larger is refused by code, and publishing goes on', async () => {
    const most = await context.hub.topics.maxMessageBytes(never);
    const header = 'h'.repeat(3_000);
    await context.publish([{ ...message(1, Buffer.alloc(most)), header }]);
    await expect(context.publish([message(2, Buffer.alloc(most + 100_000))])).rejects.toMatchObject({
      code: 'hub.message_too_large',
    });
    await context.publish([message(3)]);
    expect(await context.backlog()).toBe(2);
  });

  test('an aborted publish rejects with the reason of its signal', async () => {
    const publisher = await context.hub.publisher(context.topic);
    const reason = new Error('enough');
    await expect(publisher.publish(message(1), AbortSignal.abort(reason))).rejects.toBe(reason);
    await publisher.close();
    expect(await context.backlog()).toBe(0);
  });
}

function consuming(context: HubContext): void {
  test('what is applied or dropped is not delivered again, and the backlog counts down to zero', async () => {
    const { hub, topic } = context;
    await context.publish(range(1, 10).map((n) => message(n)));
    expect(await hub.topics.backlog(topic, never)).toMatchObject({
      lost: false,
      messages: 10,
      undelivered: 10,
    });
    const consumer = await hub.consumer(topic, WIDE);
    const first = collect(consumer, async ({ id }) => (id === 'id.3' ? 'dropped' : 'applied'));
    await until(async () => (await context.backlog()) === 0);
    await first.stop();
    expect(first.ids()).toEqual(idsOf(1, 10));
    await context.publish([message(11)]);
    const second = collect(consumer);
    await until(async () => (await context.backlog()) === 0);
    await second.stop();
    await consumer.close();
    expect(second.ids()).toEqual(['id.11']);
  });

  test('what is put off for later or fails is delivered again, and said to be', async () => {
    await context.publish(range(1, 4).map((n) => message(n)));
    const consumer = await context.hub.consumer(context.topic, WIDE);
    const tries = new Map<string, boolean[]>();
    const got = collect(consumer, async ({ id, redelivered }) => {
      const before = tries.get(id) ?? [];
      tries.set(id, [...before, redelivered]);
      if (before.length < 2 && id === 'id.2') return 'later';
      if (before.length < 2 && id === 'id.3') throw new Error('the target is away');
      return 'applied';
    });
    await until(async () => (await context.backlog()) === 0);
    await got.stop();
    await consumer.close();
    expect(Object.fromEntries(tries)).toEqual({
      'id.1': [false],
      'id.2': [false, true, true],
      'id.3': [false, true, true],
      'id.4': [false],
    });
  });

  test('a handler that throws at once counts as failed and hurts no other', async () => {
    await context.publish([message(1), message(2)]);
    const consumer = await context.hub.consumer(context.topic, WIDE);
    let thrown = 0;
    const got = collect(consumer, ({ id }) => {
      if (id === 'id.1' && thrown++ === 0) throw new Error('at once');
      return Promise.resolve('applied');
    });
    await until(async () => (await context.backlog()) === 0);
    await got.stop();
    await consumer.close();
    expect(sorted(got.ids())).toEqual(['id.1', 'id.1', 'id.2']);
  });

  test('what one consumer left is where the next one begins', async () => {
    await context.publish(range(1, 20).map((n) => message(n)));
    const first = await context.hub.consumer(context.topic, { messages: 1, bytes: MIB });
    const some = collect(first);
    await until(() => some.seen.length >= 5);
    await some.stop();
    await first.close();
    const next = await context.hub.consumer(context.topic, WIDE);
    const rest = collect(next);
    await until(async () => (await context.backlog()) === 0);
    await rest.stop();
    await next.close();
    expect(sorted([...new Set([...some.ids(), ...rest.ids()])])).toEqual(idsOf(1, 20));
    expect(some.seen.length + rest.seen.length).toBeLessThanOrEqual(21);
  });

  test('a consumer that waits is given what is published later', async () => {
    const consumer = await context.hub.consumer(context.topic, WIDE);
    const got = collect(consumer);
    await context.publish([message(1)]);
    await until(() => got.seen.length === 1);
    await context.publish([message(2)]);
    await until(() => got.seen.length === 2);
    await got.stop();
    await consumer.close();
  });

  test('an aborted run lets handlers finish and resolves only then', async () => {
    await context.publish([message(1)]);
    const consumer = await context.hub.consumer(context.topic, WIDE);
    const gate = createGate();
    const got = collect(consumer, gate.pass);
    await until(() => gate.waiting.size === 1);
    let stopped = false;
    const stopping = got.stop().then(() => (stopped = true));
    await context.publish([message(2)]);
    await context.backlog();
    expect(stopped).toBe(false);
    gate.open();
    await stopping;
    await until(async () => (await context.backlog()) === 1);
    await consumer.close();
    expect(got.ids()).toEqual(['id.1']);
  });
}

function window(context: HubContext): void {
  test('no more messages are handled at once than it allows', async () => {
    await context.publish(range(1, 12).map((n) => message(n)));
    const consumer = await context.hub.consumer(context.topic, { messages: 3, bytes: MIB });
    const gate = createGate();
    let most = 0;
    const got = collect(consumer, (delivery) => {
      most = Math.max(most, gate.waiting.size + 1);
      return gate.pass(delivery);
    });
    for (const n of range(1, 12)) {
      await until(() => gate.waiting.has(`id.${n}`));
      if (n <= 9) await until(() => gate.waiting.size === 3);
      gate.waiting.get(`id.${n}`)?.('applied');
    }
    await until(async () => (await context.backlog()) === 0);
    await got.stop();
    await consumer.close();
    expect(most).toBe(3);
    expect(got.ids()).toEqual(idsOf(1, 12));
  });

  test('no more bytes are handled at once than it allows, and a larger message comes alone', async () => {
    const sizes = [40_000, 40_000, 40_000, 250_000, 10_000, 60_000, 60_000, 10_000];
    await context.publish(sizes.map((size, index) => message(index + 1, rowBytes(size))));
    const consumer = await context.hub.consumer(context.topic, { messages: 100, bytes: 100_000 });
    let bytes = 0;
    const loads: number[] = [];
    const held: Delivery[] = [];
    const got = collect(consumer, async (delivery) => {
      bytes += delivery.data.length;
      held.push(delivery);
      loads.push(bytes);
      await new Promise((resolve) => setImmediate(resolve));
      await context.backlog(); // gives the hub time to send too much
      bytes -= delivery.data.length;
      return 'applied';
    });
    await until(async () => (await context.backlog()) === 0);
    await got.stop();
    await consumer.close();
    expect(sorted([...new Set(got.ids())])).toEqual(idsOf(1, sizes.length));
    expect(loads.every((load) => load <= 100_000 || load === 250_000)).toBe(true);
  });

  test('a held delivery frees its place and is still not delivered to another', async () => {
    await context.publish(range(1, 6).map((n) => message(n)));
    const consumer = await context.hub.consumer(context.topic, { messages: 1, bytes: MIB });
    const gate = createGate();
    const got = collect(consumer, (delivery) => {
      if (delivery.id !== 'id.6') delivery.hold();
      return gate.pass(delivery);
    });
    await until(() => gate.waiting.size === 6);
    expect(await context.hub.topics.backlog(context.topic, never)).toMatchObject({
      messages: 6,
      undelivered: 0,
    });
    gate.open();
    await until(async () => (await context.backlog()) === 0);
    await got.stop();
    await consumer.close();
    expect(got.ids()).toEqual(idsOf(1, 6));
  });
}

function sharing(context: HubContext, harness: HubHarness): void {
  test.runIf(harness.sharesLanes)('each message of one lane goes to one of them', async () => {
    const consumers = await Promise.all(
      range(1, 2).map(() => context.hub.consumer(context.topic, { messages: 2, bytes: MIB })),
    );
    const gate = createGate();
    const got = consumers.map((consumer) => collect(consumer, gate.pass));
    await context.publish(range(1, 4).map((n) => message(n)));
    await until(() => gate.waiting.size === 4);
    expect(got.map(({ seen }) => seen.length)).toEqual([2, 2]);
    gate.open();
    await context.publish(range(5, 60).map((n) => message(n)));
    await until(async () => (await context.backlog()) === 0);
    for (const one of got) await one.stop();
    for (const consumer of consumers) await consumer.close();
    expect(sorted(got.flatMap((one) => one.ids()))).toEqual(idsOf(1, 60));
  });

  test('messages of many lanes are shared, each goes to one of them', async () => {
    const consumers = await Promise.all(range(1, 3).map(() => context.hub.consumer(context.topic, WIDE)));
    const got = consumers.map((consumer) => collect(consumer));
    let published = 0;
    // Whoever comes first may have all for a moment.
    while (got.some(({ seen }) => seen.length === 0)) {
      const batch = range(published + 1, published + 40);
      await context.publish(batch.map((n) => ({ ...message(n), ordinal: n, lane: n % 7 })));
      published += batch.length;
      await until(async () => (await context.backlog()) === 0);
    }
    for (const one of got) await one.stop();
    for (const consumer of consumers) await consumer.close();
    expect(sorted(got.flatMap((one) => one.ids()))).toEqual(idsOf(1, published));
  });

  test('consumers that are numbered have whole lanes, and together all', async () => {
    const shares = range(1, 3).map((part) => ({ part, of: 3 }));
    const consumers = await Promise.all(
      shares.map((share) => context.hub.consumer(context.topic, { ...WIDE, share })),
    );
    const got = consumers.map((consumer) => collect(consumer));
    await context.publish(range(1, 200).map((n) => ({ ...message(n), ordinal: n % 5, lane: n % 11 })));
    await until(() => got.flatMap((one) => one.ids()).length >= 200);
    await until(async () => (await context.backlog()) === 0);
    for (const one of got) await one.stop();
    for (const consumer of consumers) await consumer.close();
    expect(sorted(got.flatMap((one) => one.ids()))).toEqual(idsOf(1, 200));
    const laneOf = (id: string): string => {
      const n = Number(id.split('.')[1]);
      return `${n % 5} ${n % 11}`;
    };
    const lanes = got.map((one) => new Set(one.ids().map(laneOf)));
    expect(lanes.reduce((sum, { size }) => sum + size, 0)).toBe(
      new Set(lanes.flatMap((one) => [...one])).size,
    );
  });

  test('when the number of consumers changes, what nobody acknowledged goes to the new ones', async () => {
    const { hub, topic } = context;
    const before = await hub.consumer(topic, WIDE);
    const first = collect(before, ({ id }) => Promise.resolve(id === 'id.1' ? 'applied' : 'later'));
    await context.publish(range(1, 30).map((n) => ({ ...message(n), ordinal: n % 3, lane: n % 7 })));
    await until(() => new Set(first.ids()).size === 30);
    await first.stop();
    await before.close();
    const consumers = await Promise.all(
      range(1, 2).map((part) => hub.consumer(topic, { ...WIDE, share: { part, of: 2 } })),
    );
    const got = consumers.map((consumer) => collect(consumer));
    // The first message may come again: the ledger drops it.
    const seen = (): Set<string> => new Set(got.flatMap((one) => one.ids()).filter((id) => id !== 'id.1'));
    await until(() => seen().size === 29);
    await until(async () => (await context.backlog()) === 0);
    await hub.topics.purgeAcknowledged(topic, never);
    for (const one of got) await one.stop();
    for (const consumer of consumers) await consumer.close();
    expect(await context.backlog()).toBe(0);
  });

  test('what an aborted run did not handle goes to another one at once', { timeout: 15_000 }, async () => {
    const [leaving, staying] = await Promise.all([
      context.hub.consumer(context.topic, { messages: 10, bytes: 64 * MIB }),
      context.hub.consumer(context.topic, WIDE),
    ]);
    const gate = createGate();
    const left = collect(leaving, gate.pass);
    await context.publish(range(1, 40).map((n) => message(n, rowBytes(200_000))));
    await until(() => gate.waiting.size === 10);
    for (const [id, letGo] of gate.waiting) letGo(id === 'id.1' ? 'applied' : 'later');
    const stopping = left.stop();
    const rest = collect(staying);
    gate.open();
    await stopping;
    await until(async () => (await context.backlog()) === 0);
    await rest.stop();
    await Promise.all([leaving.close(), staying.close()]);
    expect(sorted([...new Set([...left.ids(), ...rest.ids()])])).toEqual(idsOf(1, 40));
  });
}
