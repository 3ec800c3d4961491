import type { Announcement, Hub, HubMessage, Publisher, RunTopic } from '../../src/engine/ports/hub.ts';
import type { BatchHeader } from '../../src/model/batch.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import type { CreditWatch } from './credit-watch.ts';
import { createConsumer } from './consumer.ts';
import { createStream, type Stream, type StreamOptions } from './stream.ts';
import type { TargetState } from './target-state.ts';
import { type Actor, call, type CallOptions, hold, type World } from './world.ts';

export interface HubStateOptions extends StreamOptions {
  readonly maxMessageBytes: number;
  /** How long publishing takes at least: a slow line. */
  readonly publishMs: number;
}

/** All that the hub keeps, of every run. */
export function createHubState(world: World, options: HubStateOptions) {
  const streams = new Map<string, Stream>();
  return {
    ...options,
    streams,
    stream({ transfer, run }: RunTopic): Stream {
      const key = `${transfer} ${run}`;
      const stream = streams.get(key) ?? createStream(world, options);
      streams.set(key, stream);
      return stream;
    },
  };
}
export type HubState = ReturnType<typeof createHubState>;

export interface HubContext {
  readonly state: HubState;
  readonly target: TargetState;
  readonly actor: Actor;
  readonly watch: CreditWatch;
}

/** Without attempt and epoch. */
const stripAttempt = (id: string): string => {
  const parts = id.split('.');
  parts.splice(-4, 2);
  return parts.join('.');
};

function createPublisher(world: World, context: HubContext, stream: Stream): Publisher {
  const { actor, state, watch } = context;
  hold(actor, 'publisher', 1);
  const once = (message: HubMessage, signal: AbortSignal): Promise<'stored' | 'full' | 'lost'> =>
    call(world, actor, {
      label: `publish ${message.id}`,
      code: 'hub.unreachable',
      usualMs: 4,
      atLeastMs: state.publishMs,
      signal,
      effect: (done) => done(stream.store(message)),
    });
  return {
    async publish(message, signal) {
      const { h } = JSON.parse(message.header) as { h: BatchHeader };
      watch.published(h);
      if (message.data.byteLength > state.maxMessageBytes)
        throw new SluiceError('hub.message_too_large', 'too large');
      const id = world.plant === 'same-message-id-on-replay' ? stripAttempt(message.id) : message.id;
      for (;;) {
        try {
          const outcome = await once({ ...message, id }, signal);
          if (outcome === 'stored') return;
          if (outcome === 'lost') throw new SluiceError('hub.stream_lost', 'the stream is not there');
        } catch (error) {
          if (!(error instanceof SluiceError) || error.code !== 'hub.unreachable') throw error;
        }
        await world.clockOf(actor).sleep(100, signal);
        signal.throwIfAborted();
      }
    },
    storedBytes: ({ data }) => data.byteLength,
    close: () => {
      hold(actor, 'publisher', -1);
      return Promise.resolve();
    },
  };
}

/** The simulated hub as one actor sees it. */
export function createHub(world: World, context: HubContext): Hub {
  const { state, target, actor } = context;
  const { random } = world;
  const ask = <T>(label: string, signal: AbortSignal, effect: CallOptions<T>['effect']): Promise<T> =>
    call<T>(world, actor, { label, code: 'hub.unreachable', usualMs: 3, signal, effect });

  const control = (topic: RunTopic) => ({
    announce: (announcement: Announcement, signal: AbortSignal) =>
      ask<void>(`announce ${announcement.kind}`, signal, (done) => {
        const times = random.chance(world.faultRate() * 3) ? random.pick([0, 2]) : 1;
        for (let time = 0; time < times; time += 1) state.stream(topic).announce(announcement);
        done();
      }),
    listen: (heard: (announcement: Announcement) => void, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const stream = state.stream(topic);
        hold(actor, 'listener', 1);
        const hear = (announcement: Announcement): void =>
          world.tell(actor, random.latencyMs(5), () => {
            if (!signal.aborted) heard(announcement);
          });
        stream.listeners.add(hear);
        for (const announcement of stream.said) hear(announcement);
        const leave = (): void => {
          stream.listeners.delete(hear);
          hold(actor, 'listener', -1);
          resolve();
        };
        signal.addEventListener('abort', leave, { once: true });
        actor.onDeath.add(() => stream.listeners.delete(hear));
      }),
  });

  return {
    kind: 'simulated',
    topics: {
      ensure: (topic, { maxBytes }, signal) =>
        ask('ensure streams', signal, (done) => done(state.stream(topic).ensure(maxBytes))),
      maxMessageBytes: (signal) => ask('max message', signal, (done) => done(state.maxMessageBytes)),
      backlog: (topic, signal) => ask('backlog', signal, (done) => done(state.stream(topic).backlog())),
      purgeAcknowledged: (topic, signal) =>
        ask<void>('purge', signal, (done) => done(state.stream(topic).purge())),
      remove: (topic, signal) =>
        ask<void>('remove streams', signal, (done) => done(state.stream(topic).remove())),
    },
    publisher: async (topic) => {
      await ask<void>('publisher', new AbortController().signal, (done) => done());
      return createPublisher(world, context, state.stream(topic));
    },
    consumer: async (topic, window) => {
      await ask<void>('consumer', new AbortController().signal, (done) => done());
      return createConsumer(world, { stream: state.stream(topic), target, actor, window });
    },
    control,
    ping: () => Promise.resolve('simulated'),
    warnings: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}
