import { randomBytes } from 'node:crypto';
import { connect } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import type { Hub } from '../../src/engine/ports/hub.ts';
import { nats } from '../../src/hubs/nats/hub.ts';
import { namesOf } from '../../src/hubs/nats/names.ts';
import { collect, idsOf, message, MIB, never, range, sorted, until } from '../contract/hub-fixture.ts';
import { describeWith, startOwnNats } from '../support/servers.ts';

const WINDOW = { messages: 16, bytes: 8 * MIB };
/** Acknowledgements that a kill swallows come back after this. */
const SETTINGS = { ackWaitMs: 1_000 };

describeWith(['nats'], 'a NATS server that is killed and restarted on the same store', () => {
  let server: RunningNats;
  let hub: Hub;
  beforeAll(async () => {
    server = await startOwnNats();
    hub = await nats.open(nats.parseUrl(server.url, SETTINGS), { applicationName: 'restart test' });
  });
  afterAll(async () => {
    await hub.close();
    await server.stop();
  });

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
    const blocks = range(1, 400).map((n) => message(n, randomBytes(100_000)));
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
    await until(async () => (await hub.warnings(never)).some((warning) => warning.includes('NATS is away')));
    stop.abort(reason);
    await expect(publishing).rejects.toBe(reason);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    await server.restart();
    await until(async () =>
      (await hub.warnings(never)).every((warning) => !warning.includes('NATS is away')),
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

  test('a message that a vanished worker held is delivered again', async () => {
    const topic = { transfer: 'vanished', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, WINDOW);
    const before = collect(consumer);
    await publisher.publish(message(1), never);
    await until(async () => (await backlog(topic.transfer)) === 0);
    await before.stop();
    await publisher.publish(message(2), never);
    const vanishing = await connect({ servers: server.url });
    const { dataStream } = namesOf(topic);
    const [writers] = await (await vanishing.jetstreamManager()).consumers.list(dataStream).next();
    const taken = await (await vanishing.jetstream().consumers.get(dataStream, writers?.name)).next();
    await vanishing.close();
    const got = collect(consumer);
    await until(async () => (await backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    expect(taken?.seq).toBe(2);
    expect(got.seen.map(({ id, redelivered }) => ({ id, redelivered }))).toEqual([
      { id: 'id.2', redelivered: true },
    ]);
  });

  test('a long handler keeps its message for itself', async () => {
    const topic = { transfer: 'long', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const publisher = await hub.publisher(topic);
    const consumers = [await hub.consumer(topic, WINDOW), await hub.consumer(topic, WINDOW)];
    const began = Date.now();
    const handled = consumers.map((consumer) =>
      collect(consumer, async () => {
        await until(() => Date.now() - began > 3 * SETTINGS.ackWaitMs);
        return 'applied';
      }),
    );
    await publisher.publish(message(1), never);
    await until(async () => (await backlog(topic.transfer)) === 0);
    for (const one of handled) await one.stop();
    for (const consumer of consumers) await consumer.close();
    await publisher.close();
    expect(handled.flatMap((one) => one.ids())).toEqual(['id.1']);
  });
});
