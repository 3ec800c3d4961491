import { expect, test } from 'vitest';
import type { Announcement } from '../../src/engine/ports/hub.ts';
import {
  collect,
  createGate,
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

/** What holds when a stream is lost and made again. */
export function losses(context: HubContext, harness: HubHarness): void {
  test('publishing into a deleted stream fails by code; ensure makes another identity and both sides go on', async () => {
    const { hub, topic } = context;
    const identity = await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const consumer = await hub.consumer(topic, WIDE);
    const got = collect(consumer);
    const publisher = await hub.publisher(topic);
    await publisher.publish(message(1), never);
    await until(() => got.seen.length === 1);
    await hub.topics.remove(topic, never);
    await expect(publisher.publish(message(2), never)).rejects.toMatchObject({ code: 'hub.stream_lost' });
    expect(await hub.topics.backlog(topic, never)).toMatchObject({ lost: true, messages: 0 });
    const next = await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    expect(next).not.toBe(identity);
    const fresh = await hub.publisher(topic);
    await fresh.publish(message(3), never);
    await until(() => got.ids().includes('id.3'));
    await got.stop();
    await Promise.all([publisher.close(), fresh.close(), consumer.close()]);
    expect(got.ids()).toEqual(['id.1', 'id.3']);
  });

  test('a late acknowledgement for a lost stream acknowledges nothing of its successor', async () => {
    const { hub, topic } = context;
    const consumer = await hub.consumer(topic, { messages: 2, bytes: MIB });
    const gate = createGate();
    const got = collect(consumer, gate.pass);
    await context.publish([message(1)]);
    await until(() => gate.waiting.has('id.1'));
    await hub.topics.remove(topic, never);
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    await context.publish([message(2)]);
    const other = await hub.consumer(topic, { messages: 2, bytes: MIB });
    const got2 = collect(other, gate.pass);
    await until(() => gate.waiting.has('id.2'));
    gate.waiting.get('id.1')?.('applied');
    await until(() => !gate.waiting.has('id.1'));
    expect(await context.backlog()).toBe(1);
    gate.open();
    await until(async () => (await context.backlog()) === 0);
    await got.stop();
    await got2.stop();
    await Promise.all([consumer.close(), other.close()]);
  });

  test.runIf(harness.limitsBytes)(
    'a publisher says beforehand what a message takes of the stream: exactly what fits is taken',
    async () => {
      const { hub, topic } = context;
      const publisher = await hub.publisher(topic);
      const messages = range(0, 4).map((n) => ({
        ...message(n + 1, rowBytes(40_000 * (n + 1)), n * 30 + 1),
        header: JSON.stringify({ n, text: 'x'.repeat(n * 100) }),
      }));
      const bytes = messages.reduce((sum, each) => sum + publisher.storedBytes(each), 0);
      await hub.topics.ensure(topic, { maxBytes: bytes }, never);
      for (const each of messages) await publisher.publish(each, never);
      const { bytes: stored } = await hub.topics.backlog(topic, never);
      expect(stored).toBe(bytes);
      await publisher.close();
    },
  );

  test('a publisher notices that the stream is a new one', async () => {
    const { hub, topic } = context;
    const publisher = await hub.publisher(topic);
    await publisher.publish(message(1), never);
    await hub.topics.remove(topic, never);
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    await expect(publisher.publish(message(2), never)).rejects.toMatchObject({ code: 'hub.stream_lost' });
    await publisher.close();
  });

  test('a consumer waits for a stream that is not there yet', async () => {
    const { hub, topic } = context;
    await hub.topics.remove(topic, never);
    const consumer = await hub.consumer(topic, WIDE);
    const got = collect(consumer);
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    await context.publish([message(1)]);
    await until(() => got.seen.length === 1);
    await got.stop();
    await consumer.close();
  });
}

/** Streams: made, sized, purged, removed. */
export function streams(context: HubContext, harness: HubHarness): void {
  test('ensure may be called often and at once; the identity stays, the size follows', async () => {
    const { hub, topic } = context;
    await hub.topics.remove(topic, never);
    const made = await Promise.all(
      range(1, 8).map((n) => hub.topics.ensure(topic, { maxBytes: (60 + n) * MIB }, never)),
    );
    await context.publish([message(1)]);
    const again = await hub.topics.ensure(topic, { maxBytes: 70 * MIB }, never);
    expect(new Set([...made, again]).size).toBe(1);
    const { maxBytes, messages } = await hub.topics.backlog(topic, never);
    expect(messages).toBe(1);
    expect(maxBytes).toBe(harness.limitsBytes ? 70 * MIB : maxBytes);
  });

  test('remove may be called again', async () => {
    await context.hub.topics.remove(context.topic, never);
    await context.hub.topics.remove(context.topic, never);
    expect(await context.hub.topics.backlog(context.topic, never)).toMatchObject({ lost: true });
  });

  test('purging frees what is acknowledged and nothing else', async () => {
    const { hub, topic } = context;
    await context.publish(range(1, 5).map((n) => message(n, rowBytes(100_000))));
    const consumer = await hub.consumer(topic, WIDE);
    const gate = createGate();
    const got = collect(consumer, (delivery) =>
      delivery.id === 'id.4' ? gate.pass(delivery) : Promise.resolve('applied'),
    );
    await until(async () => (await context.backlog()) === 1);
    await hub.topics.purgeAcknowledged(topic, never);
    expect(await context.backlog()).toBe(1);
    gate.waiting.get('id.4')?.('later');
    await until(() => got.ids().filter((id) => id === 'id.4').length === 2);
    gate.open();
    await until(async () => (await context.backlog()) === 0);
    await hub.topics.purgeAcknowledged(topic, never);
    expect(await hub.topics.backlog(topic, never)).toMatchObject({ messages: 0, bytes: 0 });
    await got.stop();
    await consumer.close();
  });

  test.runIf(harness.limitsBytes)(
    'a full stream holds publishers up until room is made, and loses nothing',
    async () => {
      const { hub, topic } = context;
      await hub.topics.ensure(topic, { maxBytes: 300_000 }, never);
      const publisher = await hub.publisher(topic);
      let stored = 0;
      const publishes = Promise.all(
        range(1, 10).map((n) =>
          publisher.publish(message(n, rowBytes(90_000)), never).then(() => (stored += 1)),
        ),
      );
      await until(async () => (await hub.warnings(never)).some((warning) => warning.includes('hub.full')));
      expect(stored).toBe(3);
      const consumer = await hub.consumer(topic, WIDE);
      const got = collect(consumer);
      while (got.seen.length < 10) {
        await hub.topics.purgeAcknowledged(topic, never);
        await until(() => got.seen.length >= Math.min(stored, 10));
      }
      await publishes;
      await got.stop();
      await Promise.all([publisher.close(), consumer.close()]);
      expect(sorted(got.ids())).toEqual(idsOf(1, 10));
      expect((await hub.warnings(never)).filter((warning) => warning.includes('hub.full'))).toEqual([]);
    },
  );
}

/** The control channel. */
export function announcements(context: HubContext): void {
  const said: readonly Announcement[] = [
    { kind: 'structure', table: 'public.orders', generation: 1, plan: '{"columns":["é"]}' },
    { kind: 'range-end', table: 'public.orders', generation: 1, lane: 3, rows: 7 },
    { kind: 'gap', table: 'public.orders', generation: 1, lane: 3, attempt: 2 },
  ];
  const listen = () => {
    const heard: Announcement[] = [];
    const stop = new AbortController();
    const done = context.hub.control(context.topic).listen((one) => heard.push(one), stop.signal);
    return {
      heard,
      stop: async () => {
        stop.abort();
        await done;
      },
    };
  };

  test('each listener hears all of them in order, those from before as well', async () => {
    const control = context.hub.control(context.topic);
    const early = listen();
    for (const one of said) await control.announce(one, never);
    await until(() => early.heard.length === said.length);
    const late = listen();
    await until(() => late.heard.length === said.length);
    expect([early.heard, late.heard]).toEqual([said, said]);
    await early.stop();
    await late.stop();
  });

  test('a plan that is larger than a message is announced without its text', async () => {
    const most = await context.hub.topics.maxMessageBytes(never);
    const large: Announcement = {
      kind: 'structure',
      table: 'public.wide',
      generation: 2,
      plan: 'p'.repeat(most),
    };
    const listener = listen();
    await context.hub.control(context.topic).announce(large, never);
    await until(() => listener.heard.length === 1);
    expect(listener.heard).toEqual([{ ...large, plan: '' }]);
    await listener.stop();
  });

  test('a listener goes on when the stream is made again', async () => {
    const [, rangeEnd, gap] = said as readonly [Announcement, Announcement, Announcement];
    const { hub, topic } = context;
    const listener = listen();
    const control = hub.control(topic);
    await control.announce(rangeEnd, never);
    await until(() => listener.heard.length === 1);
    await hub.topics.remove(topic, never);
    await hub.topics.ensure(topic, { maxBytes: MIB }, never);
    await hub.control(topic).announce(gap, never);
    // A hub may notice the new stream only once it has stored it there: then it is heard twice (Kafka before 4.1).
    await until(() => listener.heard.length > 1);
    expect(listener.heard[1]).toEqual(gap);
    await listener.stop();
  });
}
