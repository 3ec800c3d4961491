import type { TopicSink } from '../../../engine/ports/topic-sink.ts';
import { hubError } from '../error-codes.ts';
import type { Cluster } from '../wire/cluster.ts';
import type { Compression } from '../wire/codecs.ts';
import { createCoordinators } from './coordinators.ts';
import { KafkaLane } from './kafka-lane.ts';
import { createSinkTopics } from './sink-topics.ts';

export interface SinkDeps {
  readonly cluster: Cluster;
  readonly compression: Compression;
}

/** Transactional id and consumer group of a lane. */
const idOf = ({ transfer, lane }: { readonly transfer: string; readonly lane: number }): string =>
  `sluice-${transfer}-${lane}`;

/** Topics of Kafka; see TopicSink. A claim is a transaction: who reads what is committed sees each event once. */
export function createTopicSink({ cluster, compression }: SinkDeps): TopicSink {
  const refusedBytes = new Map<string, number>();
  return {
    open: (lane, signal) => {
      const transactionalId = idOf(lane);
      const coordinators = createCoordinators(cluster, transactionalId);
      const topics = createSinkTopics(cluster, refusedBytes);
      return KafkaLane.open({ cluster, coordinators, topics, compression, transactionalId }, lane, signal);
    },
    forget: async (lane, signal) => {
      const id = idOf(lane);
      try {
        await createCoordinators(cluster, id).forget(signal);
      } catch (error) {
        signal.throwIfAborted();
        throw hubError(error, id);
      }
    },
  };
}
