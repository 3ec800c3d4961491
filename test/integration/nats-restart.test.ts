import { connect } from 'nats';
import { expect, test } from 'vitest';
import { nats } from '../../src/hubs/nats/hub.ts';
import { namesOf } from '../../src/hubs/nats/names.ts';
import { collect, message, never, until } from '../contract/hub-fixture.ts';
import { hubRestartSuite, RESTART_WINDOW, type RestartContext } from '../contract/hub-restart-suite.ts';
import { describeWith, startOwnNats } from '../support/servers.ts';

/** Acknowledgements that a kill swallows come back after this. */
const SETTINGS = { ackWaitMs: 1_000 };

function ofNats(context: RestartContext): void {
  test('a message that a vanished worker held is delivered again', async () => {
    const { hub } = context;
    const topic = await context.topic('vanished');
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, RESTART_WINDOW);
    const before = collect(consumer);
    await publisher.publish(message(1), never);
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    await before.stop();
    await publisher.publish(message(2), never);
    const vanishing = await connect({ servers: context.own.url });
    const { dataStream } = namesOf(topic);
    const [writers] = await (await vanishing.jetstreamManager()).consumers.list(dataStream).next();
    const taken = await (await vanishing.jetstream().consumers.get(dataStream, writers?.name)).next();
    await vanishing.close();
    const got = collect(consumer);
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    expect(taken?.seq).toBe(2);
    expect(got.seen.map(({ id, redelivered }) => ({ id, redelivered }))).toEqual([
      { id: 'id.2', redelivered: true },
    ]);
  });

  test('a long handler keeps its message for itself', async () => {
    const { hub } = context;
    const topic = await context.topic('long');
    const publisher = await hub.publisher(topic);
    const consumers = [await hub.consumer(topic, RESTART_WINDOW), await hub.consumer(topic, RESTART_WINDOW)];
    const began = Date.now();
    const handled = consumers.map((consumer) =>
      collect(consumer, async () => {
        await until(() => Date.now() - began > 3 * SETTINGS.ackWaitMs);
        return 'applied';
      }),
    );
    await publisher.publish(message(1), never);
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    for (const one of handled) await one.stop();
    for (const consumer of consumers) await consumer.close();
    await publisher.close();
    expect(handled.flatMap((one) => one.ids())).toEqual(['id.1']);
  });
}

describeWith(['nats'], 'NATS', () => {
  hubRestartSuite(
    {
      title: 'a server that is killed and restarted on the same store',
      kind: nats,
      start: async () => {
        const server = await startOwnNats();
        return { server, url: server.url };
      },
      settings: SETTINGS,
      away: ['NATS is away'],
    },
    ofNats,
  );
});
