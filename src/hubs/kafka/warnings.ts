import type { Troubles } from '../../engine/hub/troubles.ts';
import type { SluiceError } from '../../model/sluice-error.ts';
import type { KafkaConfig } from './config.ts';
import { vendorCode } from './error-codes.ts';
import type { Limits } from './limits.ts';
import { untilAborted } from '../../engine/waiting.ts';
import type { Cluster } from './wire/cluster.ts';

/** Batches that nobody could read, by topic. */
export interface Damages {
  note(topic: string, errors: readonly SluiceError[]): void;
  list(): readonly string[];
}

export function createDamages(): Damages {
  const counts = new Map<string, { count: number; last: SluiceError }>();
  return {
    note: (topic, errors) => {
      for (const last of errors) counts.set(topic, { count: (counts.get(topic)?.count ?? 0) + 1, last });
    },
    list: () =>
      [...counts].map(
        ([topic, { count, last }]) =>
          `${count} batch(es) of ${topic} are copied again: ${last.message} [${last.code}]`,
      ),
  };
}

/** A default block with its header travels whole from here on. */
const ROOMY_MESSAGE_BYTES = 5 * 1024 * 1024;
/** One may be lost without a loss, and the rest still takes messages. */
const SAFE_REPLICAS = 3;

const fewCopies = (replicas: number): string =>
  `topics are stored by ${replicas} broker${replicas === 1 ? '' : 's'}, and Kafka does not sync each write: a power cut ` +
  'or a broken disk can lose confirmed messages, which are then copied again (3 brokers that do not fail together keep them)';

const PROGRESS_TOPIC = '__consumer_offsets';

/** How far consumers are stands in a topic of the cluster's own. Not made yet, or not to be seen: nothing to say. */
async function progressWarnings(cluster: Cluster): Promise<readonly string[]> {
  const topic = await cluster.topic(PROGRESS_TOPIC).catch(() => null);
  const copies = Math.min(...(topic?.partitions.map(({ replicas }) => replicas) ?? [Infinity]));
  if (copies > 1) return [];
  return [
    `${PROGRESS_TOPIC} is stored by 1 broker: while that one is away nothing is delivered ` +
      '(offsets.topic.replication.factor was 1 when it was made)',
  ];
}

export interface WarningsOf {
  readonly cluster: Cluster;
  readonly config: KafkaConfig;
  readonly limits: Limits;
  readonly troubles: Troubles;
  readonly damages: Damages;
}

/** See Hub.warnings. */
export async function collectWarnings(of: WarningsOf, signal: AbortSignal): Promise<readonly string[]> {
  const warnings = [...of.troubles.list(), ...of.damages.list()];
  try {
    const { brokers } = await untilAborted(of.cluster.metadata(), signal);
    const replicas = Math.min(of.config.replicas ?? SAFE_REPLICAS, brokers.length);
    if (replicas < SAFE_REPLICAS) warnings.push(fewCopies(replicas));
    if (brokers.length > 1) warnings.push(...(await untilAborted(progressWarnings(of.cluster), signal)));
  } catch (error) {
    signal.throwIfAborted();
    warnings.unshift(`Kafka is away, connecting again goes on [${vendorCode(error) ?? 'unknown'}]`);
    return warnings;
  }
  const most = await untilAborted(of.limits.topicBytes(), signal);
  if (most < ROOMY_MESSAGE_BYTES) {
    warnings.push(`maxMessageBytes is ${most} bytes: blocks are cut to fit; 8388608 is what Sluice likes`);
  }
  return warnings;
}
