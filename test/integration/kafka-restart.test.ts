import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningKafka } from '../../scripts/servers/start-kafka.mjs';
import type { Hub } from '../../src/engine/ports/hub.ts';
import { kafka } from '../../src/hubs/kafka/hub.ts';
import {
  collect,
  createGate,
  idsOf,
  message,
  MIB,
  never,
  range,
  sorted,
  until,
} from '../contract/hub-fixture.ts';
import { describeWith, startOwnKafka } from '../support/servers.ts';

const WINDOW = { messages: 16, bytes: 8 * MIB };
/** What a vanished worker holds comes back after this: the least that brokers take. */
const SETTINGS = { sessionTimeoutMs: 6_000, partitions: 3 };

describeWith(['kafka'], 'a Kafka broker that is killed and restarted on the same store', () => {
  let server: RunningKafka;
  let hub: Hub;
  beforeAll(async () => {
    server = await startOwnKafka();
    hub = await openHub();
  });
  afterAll(async () => {
    await hub?.close();
    await server?.stop();
  });

  const openHub = (): Promise<Hub> =>
    kafka.open(kafka.parseUrl(`kafka://${server.brokers}`, SETTINGS), { applicationName: 'restart test' });
  const killAndRestart = async (): Promise<void> => {
    await server.kill('SIGKILL');
    await server.restart();
  };
  const backlog = async (transfer: string): Promise<number> =>
    (await hub.topics.backlog({ transfer, run: 1 }, never)).messages;

  test('publishing and consuming go on by themselves, and every message is delivered', async () => {
    const topic = { transfer: 'both sides', run: 1 };
    const identity = await hub.topics.ensure(topic, { maxBytes: 256 * MIB }, never);
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, WINDOW);
    const got = collect(consumer);
    const blocks = range(1, 400).map((n) => ({ ...message(n, randomBytes(100_000)), lane: n % 3 }));
    const waiting = new Set<Promise<unknown>>();
    for (const [index, block] of blocks.entries()) {
      const stored = publisher.publish(block, never).finally(() => waiting.delete(stored));
      waiting.add(stored);
      while (waiting.size >= 8) await Promise.race(waiting);
      if (index === 120 || index === 280) await killAndRestart();
    }
    await Promise.all(waiting);
    await until(async () => (await backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    expect(sorted([...new Set(got.ids())])).toEqual(idsOf(1, 400));
    expect(await hub.topics.ensure(topic, { maxBytes: 256 * MIB }, never)).toBe(identity);
  });

  test('what was published while it was away is stored in order, each once', async () => {
    const topic = { transfer: 'away', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const publisher = await hub.publisher(topic);
    await publisher.publish(message(1), never);
    await server.kill('SIGKILL');
    const stored = Promise.all(range(2, 30).map((n) => publisher.publish(message(n), never)));
    await server.restart();
    await stored;
    const consumer = await hub.consumer(topic, WINDOW);
    const got = collect(consumer);
    await until(async () => (await backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    expect(got.ids()).toEqual(idsOf(1, 30));
  });

  test('an abort ends a publish and a run while it is away', async () => {
    const topic = { transfer: 'abort', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, WINDOW);
    const got = collect(consumer);
    await publisher.publish(message(1), never);
    await until(() => got.seen.length === 1);
    await server.kill('SIGKILL');
    const stop = new AbortController();
    const reason = new Error('stopped');
    const publishing = publisher.publish(message(2), stop.signal);
    await until(async () => {
      const warnings = await hub.warnings(never);
      return ['Kafka is away', 'publishing waits'].every((text) =>
        warnings.some((one) => one.includes(text)),
      );
    });
    stop.abort(reason);
    await expect(publishing).rejects.toBe(reason);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    await server.restart();
    await until(async () =>
      (await hub.warnings(never)).every((warning) => !warning.includes('Kafka is away')),
    );
    expect(got.ids()).toEqual(['id.1']);
  });

  test('announcements from before and after it are heard', async () => {
    const topic = { transfer: 'control', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const control = hub.control(topic);
    const gap = { kind: 'gap', generation: 1, lane: 1, attempt: 1 } as const;
    const heard: string[] = [];
    const stop = new AbortController();
    const listening = control.listen(
      (said) => heard.push(said.kind === 'gap' ? said.table : ''),
      stop.signal,
    );
    await control.announce({ ...gap, table: 'before' }, never);
    await until(() => heard.length === 1);
    await killAndRestart();
    await control.announce({ ...gap, table: 'after' }, never);
    await until(() => heard.length === 2);
    stop.abort();
    await listening;
    expect(heard).toEqual(['before', 'after']);
  });

  test('a long handler keeps its message for itself, also when another worker comes', async () => {
    const topic = { transfer: 'long', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const publisher = await hub.publisher(topic);
    let last = 1;
    const [first, second] = [await hub.consumer(topic, WINDOW), await hub.consumer(topic, WINDOW)];
    const gate = createGate();
    const one = collect(first, gate.pass);
    await publisher.publish(message(1), never);
    await until(() => gate.waiting.has('id.1'));
    const other = collect(second);
    // Idle partitions find their way to the second; so many fit into the window of the first.
    for (let n = 2; other.seen.length === 0; n += 1) {
      if (n > 14) throw new Error('the second was given nothing');
      await publisher.publish({ ...message(n), lane: n % 3 }, never);
      last = n;
      const before = Date.now();
      await until(() => Date.now() - before > 300);
    }
    const began = Date.now();
    await until(() => Date.now() - began > SETTINGS.sessionTimeoutMs + 2_000);
    gate.open();
    await until(async () => (await backlog(topic.transfer)) === 0);
    await Promise.all([one.stop(), other.stop()]);
    await Promise.all([first.close(), second.close(), publisher.close()]);
    expect(sorted([...one.ids(), ...other.ids()])).toEqual(idsOf(1, last));
    expect(other.ids().length).toBeGreaterThan(0);
  });

  test('a broker that lost the end of its topics: what is published after it is delivered, the loss shows', async () => {
    const topic = { transfer: 'lost end', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, WINDOW);
    const got = collect(consumer);
    for (const n of range(1, 5)) await publisher.publish(message(n), never);
    await until(() => got.seen.length === 5);
    await hub.topics.remove(topic, never);
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    await killAndRestart();
    await expect(publisher.publish(message(6), never)).rejects.toMatchObject({ code: 'hub.stream_lost' });
    await publisher.publish(message(7), never);
    await until(() => got.ids().includes('id.7'));
    await until(async () => (await backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
  });
});
