import type { NeededTopic, TopicMessage } from '../../../engine/ports/topic-sink.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { typeOf } from '../error-codes.ts';
import type { Cluster } from '../wire/cluster.ts';
import type { TopicView } from '../wire/requests.ts';

const TOPIC_RESOURCE = 2;
const POLICY = 'cleanup.policy';
const MOST_BYTES = 'max.message.bytes';
/** Fewer requests than with Java's 16 KiB, and below what topics take where nobody says otherwise. */
const BATCH_BYTES = 1024 * 1024;

export interface SinkTopic {
  readonly view: TopicView;
  /** Takes no message without a key. */
  readonly compacted: boolean;
  /** Of a batch, as it is compressed; Infinity for who may not ask. */
  readonly mostBytes: number;
  /** Batches of several messages are cut so that they stay below. */
  readonly cutBytes: number;
}

/** Topics as they are now; they are the users', so none is made. */
export interface SinkTopics {
  /** @throws SluiceError hub.topic_missing */
  get(name: string): Promise<SinkTopic>;
  /** @throws SluiceError hub.topic_missing, hub.topic_unsuitable */
  check(needed: readonly NeededTopic[]): Promise<void>;
  /** What was known is asked again. */
  reset(): void;
  /** The broker refused so large a batch: the next ones are half as large, for as long as the process lives. */
  refused(name: string, sizeBytes: number): void;
}

async function readSettings(cluster: Cluster, name: string): Promise<ReadonlyMap<string, string>> {
  const { driver } = await cluster.any();
  try {
    const asked = await driver.describeConfigs({
      resources: [{ type: TOPIC_RESOURCE, name, configNames: [POLICY, MOST_BYTES] }],
    });
    const entries = asked.resources[0]?.configEntries ?? [];
    return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  } catch (error) {
    if (!typeOf(error)?.endsWith('AUTHORIZATION_FAILED')) throw error;
    return new Map();
  }
}

const missing = (topic: string): SluiceError =>
  new SluiceError('hub.topic_missing', `there is no topic ${topic}`, {
    where: topic,
    suggestion: `kafka-topics.sh --create --topic ${topic} --partitions 12`,
  });

/** A compacted topic refuses the whole request that a message without a key is in. */
export const keyless = (topic: string, what: string, table: string): SluiceError =>
  new SluiceError('hub.topic_unsuitable', `topic ${topic} is compacted, and ${what} has no key`, {
    where: topic,
    table,
    suggestion: `give the table a key in the capture, or set cleanup.policy=delete for ${topic}`,
  });

export function createSinkTopics(cluster: Cluster, refusedBytes: Map<string, number>): SinkTopics {
  const known = new Map<string, Promise<SinkTopic>>();
  const ask = async (name: string): Promise<SinkTopic> => {
    const view = await cluster.topic(name);
    if (!view || view.partitions.length === 0) throw missing(name);
    const settings = await readSettings(cluster, name);
    const mostBytes = Number(settings.get(MOST_BYTES) ?? Infinity);
    return {
      view,
      compacted: settings.get(POLICY)?.includes('compact') ?? false,
      mostBytes,
      cutBytes: Math.min(mostBytes, BATCH_BYTES, refusedBytes.get(name) ?? Infinity),
    };
  };
  const get = (name: string): Promise<SinkTopic> => {
    const asked = known.get(name) ?? ask(name);
    known.set(name, asked);
    asked.catch(() => known.delete(name));
    return asked;
  };
  return {
    get,
    check: async (needed) => {
      for (const { topic, keyed, table } of needed) {
        const { compacted } = await get(topic);
        if (compacted && !keyed) throw keyless(topic, table, table);
      }
    },
    reset: () => known.clear(),
    refused: (name, sizeBytes) => {
      refusedBytes.set(name, Math.floor(sizeBytes / 2));
      known.delete(name);
    },
  };
}

/** @throws SluiceError hub.topic_unsuitable */
export function checkKey({ compacted }: SinkTopic, { topic, key, table, eventId }: TopicMessage): void {
  if (compacted && key === null) throw keyless(topic, `event ${eventId} of ${table}`, table);
}
