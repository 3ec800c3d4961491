import type { Consumer, ConsumerWindow, RunTopic } from '../../../engine/ports/hub.ts';
import type { KafkaConfig } from '../config.ts';
import { classify, hubError } from '../error-codes.ts';
import { namesOf } from '../names.ts';
import { backOff, onAbort, pause, untilAborted } from '../../../engine/waiting.ts';
import type { SluiceError } from '../../../model/sluice-error.ts';
import type { Damages } from '../warnings.ts';
import type { Cluster } from '../wire/cluster.ts';
import type { TopicView } from '../wire/requests.ts';
import { type Handle, TopicRun } from './topic-run.ts';
import { Window } from './window.ts';

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

/** Waits for the topic. @throws SluiceError hub.authentication_failed; the signal's reason */
async function findTopic(cluster: Cluster, name: string, signal: AbortSignal): Promise<TopicView> {
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  for (;;) {
    try {
      const topic = await untilAborted(cluster.topic(name), signal);
      if (topic) return topic;
    } catch (error) {
      signal.throwIfAborted();
      if (classify(error) === 'hub.authentication_failed') throw hubError(error, name);
    }
    await pause(delays.next(), signal);
  }
}

export interface ConsumerOptions {
  /** Of its own: no other answer waits behind its megabytes, and others may belong to the same group. */
  readonly cluster: Cluster;
  readonly config: KafkaConfig;
  readonly topic: RunTopic;
  readonly window: ConsumerWindow;
  /** Told of each run, so that what it knows can be committed when somebody asks. */
  readonly running: Set<TopicRun>;
  readonly damages: Damages;
}

/** A consumer that shares the partitions of a run's topic with those of other processes. */
export function createConsumer({
  cluster,
  config,
  topic,
  window: limit,
  running,
  damages,
}: ConsumerOptions): Consumer {
  const name = namesOf(topic).dataTopic;
  const runs = new Set<{ readonly stop: AbortController; readonly done: Promise<void> }>();

  const runOnce = async (handle: Handle, signal: AbortSignal): Promise<void> => {
    const window = new Window(limit);
    const handling = new Set<Promise<void>>();
    let isLost = true;
    try {
      while (isLost && !signal.aborted) {
        const view = await findTopic(cluster, name, signal);
        const { sessionTimeoutMs } = config;
        const damaged = (errors: readonly SluiceError[]): void => damages.note(name, errors);
        const run = new TopicRun({
          cluster,
          topic: view,
          sessionTimeoutMs,
          window,
          handle,
          handling,
          damaged,
        });
        running.add(run);
        const off = onAbort(signal, () => void run.stop());
        try {
          isLost = await run.run();
        } finally {
          off();
          running.delete(run);
        }
      }
    } catch (error) {
      if (!signal.aborted && !cluster.closed) throw error;
    } finally {
      while (handling.size > 0) await Promise.all(handling);
    }
  };

  return {
    run: async (handle, signal) => {
      const stop = new AbortController();
      const off = onAbort(signal, (reason) => stop.abort(reason));
      const entry = { stop, done: runOnce(handle, stop.signal) };
      runs.add(entry);
      try {
        await entry.done;
      } finally {
        runs.delete(entry);
        off();
      }
    },
    close: async () => {
      for (const { stop } of runs) stop.abort();
      await Promise.allSettled([...runs].map(({ done }) => done));
      await cluster.close();
    },
  };
}
