import type { KafkaConfig } from './config.ts';
import type { Cluster } from './wire/cluster.ts';

/** A default block of 2 MiB and rows of a few more travel whole; managed clusters take so much at least. */
const DEFAULT_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Larger ones only cost memory: rows above it travel in fragments. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Room within a message for id, header and Kafka's own fields. */
export const RESERVED_BYTES = 16 * 1024;

const BROKER_RESOURCE = 4;

/** How large the messages of our topics may be. */
export interface Limits {
  /** `max.message.bytes` that our topics are made with. */
  topicBytes(): Promise<number>;
}

async function askBroker(cluster: Cluster): Promise<number> {
  const { brokers } = await cluster.metadata();
  const [first] = brokers;
  if (!first) return DEFAULT_MESSAGE_BYTES;
  const { driver } = await cluster.broker(first.nodeId);
  const resource = { type: BROKER_RESOURCE, name: String(first.nodeId), configNames: ['message.max.bytes'] };
  const { resources } = await driver.describeConfigs({ resources: [resource] });
  return Number(resources[0]?.configEntries[0]?.configValue ?? DEFAULT_MESSAGE_BYTES);
}

/** The broker is asked once; one that may not be asked has the default. */
export function createLimits(cluster: Cluster, config: KafkaConfig): Limits {
  let known: number | null = config.maxMessageBytes;
  return {
    topicBytes: async () => {
      if (known === null) {
        await cluster.any();
        const asked = await askBroker(cluster).catch(() => DEFAULT_MESSAGE_BYTES);
        known = Math.min(MOST_BYTES, Math.max(asked, DEFAULT_MESSAGE_BYTES));
      }
      return known;
    },
  };
}
