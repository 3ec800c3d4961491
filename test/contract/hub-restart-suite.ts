import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../scripts/servers/process/server-process.mjs';
import type { Hub, HubKind } from '../../src/engine/ports/hub.ts';
import { collect, idsOf, message, MIB, never, range, rowBytes, sorted, until } from './hub-fixture.ts';

export const RESTART_WINDOW = { messages: 16, bytes: 8 * MIB };

/** A server of this suite alone, to be killed. */
export interface OwnHub {
  readonly server: RunningServer;
  readonly url: string;
}

export interface RestartHarness {
  readonly title: string;
  readonly kind: HubKind;
  readonly start: () => Promise<OwnHub>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Parts of the warnings while it is away. */
  readonly away: readonly string[];
}

export interface RestartContext {
  readonly hub: Hub;
  readonly own: OwnHub;
  /** Makes the topic of a run. */
  topic(transfer: string): Promise<{ readonly transfer: string; readonly run: number }>;
  killAndRestart(): Promise<void>;
  backlog(transfer: string): Promise<number>;
  /** As one more process would. */
  openHub(): Promise<Hub>;
}

/** What every hub promises when its server is killed and restarted on the same store; `more`: what only one product has. */
export function hubRestartSuite(harness: RestartHarness, more: (context: RestartContext) => void): void {
  describe(harness.title, () => {
    let own: OwnHub;
    let hub: Hub;
    const openHub = (): Promise<Hub> => {
      const { kind, settings } = harness;
      return kind.open(kind.parseUrl(own.url, settings), { applicationName: 'restart suite' });
    };
    beforeAll(async () => {
      own = await harness.start();
      hub = await openHub();
    });
    afterAll(async () => {
      await hub?.close();
      await own?.server.stop();
    });
    const context: RestartContext = {
      get hub() {
        return hub;
      },
      get own() {
        return own;
      },
      openHub,
      topic: async (transfer) => {
        const topic = { transfer, run: 1 };
        await hub.topics.ensure(topic, { maxBytes: 256 * MIB }, never);
        return topic;
      },
      killAndRestart: async () => {
        await own.server.kill('SIGKILL');
        await own.server.restart();
      },
      backlog: async (transfer) => (await hub.topics.backlog({ transfer, run: 1 }, never)).messages,
    };
    restarts(context, harness);
    more(context);
  });
}

function restarts(context: RestartContext, harness: RestartHarness): void {
  test('publishing and consuming go on by themselves, and every message is delivered', async () => {
    const { hub } = context;
    const topic = await context.topic('both sides');
    const identity = await hub.topics.ensure(topic, { maxBytes: 256 * MIB }, never);
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, RESTART_WINDOW);
    const got = collect(consumer);
    const blocks = range(1, 400).map((n) => ({ ...message(n, rowBytes(100_000)), lane: n % 3 }));
    const waiting = new Set<Promise<unknown>>();
    for (const [index, block] of blocks.entries()) {
      const stored = publisher.publish(block, never).finally(() => waiting.delete(stored));
      waiting.add(stored);
      while (waiting.size >= 8) await Promise.race(waiting);
      if (index === 120 || index === 280) await context.killAndRestart();
    }
    await Promise.all(waiting);
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    expect(sorted([...new Set(got.ids())])).toEqual(idsOf(1, 400));
    expect(await hub.topics.ensure(topic, { maxBytes: 256 * MIB }, never)).toBe(identity);
  });

  test('what was published while it was away is stored in order, each once', async () => {
    const { hub, own } = context;
    const topic = await context.topic('away');
    const publisher = await hub.publisher(topic);
    await publisher.publish(message(1), never);
    await own.server.kill('SIGKILL');
    const stored = Promise.all(range(2, 30).map((n) => publisher.publish(message(n), never)));
    await own.server.restart();
    await stored;
    const consumer = await hub.consumer(topic, RESTART_WINDOW);
    const got = collect(consumer);
    await until(async () => (await context.backlog(topic.transfer)) === 0);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    expect(got.ids()).toEqual(idsOf(1, 30));
  });

  test('an abort ends a publish and a run while it is away', async () => {
    const { hub, own } = context;
    const topic = await context.topic('abort');
    const publisher = await hub.publisher(topic);
    const consumer = await hub.consumer(topic, RESTART_WINDOW);
    const got = collect(consumer);
    await publisher.publish(message(1), never);
    await until(() => got.seen.length === 1);
    await own.server.kill('SIGKILL');
    const stop = new AbortController();
    const reason = new Error('stopped');
    const publishing = publisher.publish(message(2), stop.signal);
    const isSaid = async (text: string): Promise<boolean> =>
      (await hub.warnings(never)).some((warning) => warning.includes(text));
    for (const text of harness.away) await until(() => isSaid(text));
    stop.abort(reason);
    await expect(publishing).rejects.toBe(reason);
    await got.stop();
    await Promise.all([publisher.close(), consumer.close()]);
    await own.server.restart();
    await until(async () => !(await isSaid(harness.away[0] ?? '')));
    expect(got.ids()).toEqual(['id.1']);
  });

  test('announcements from before and after it are heard', async () => {
    const control = context.hub.control(await context.topic('control'));
    const gap = { kind: 'gap', generation: 1, lane: 1, attempt: 1 } as const;
    const heard: string[] = [];
    const stop = new AbortController();
    const listening = control.listen(
      (said) => heard.push(said.kind === 'gap' ? said.table : ''),
      stop.signal,
    );
    await control.announce({ ...gap, table: 'before' }, never);
    await until(() => heard.length === 1);
    await context.killAndRestart();
    await control.announce({ ...gap, table: 'after' }, never);
    await until(() => heard.length === 2);
    stop.abort();
    await listening;
    expect(heard).toEqual(['before', 'after']);
  });
}
