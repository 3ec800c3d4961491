import type { Broker, Cluster } from '../wire/cluster.ts';
import type { TopicView } from '../wire/requests.ts';
import { writersOf } from '../names.ts';
import { parseProgress, type Progress } from './progress.ts';

const GROUPS = 0;

/** The broker that keeps the progress of the workers of a topic. */
export async function coordinatorOf(cluster: Cluster, topic: TopicView): Promise<Broker> {
  const asked = await cluster.any();
  const groupId = writersOf(topic.name, topic.id);
  const { coordinator } = await asked.driver.findGroupCoordinator({ groupId, coordinatorType: GROUPS });
  return cluster.broker(coordinator.nodeId);
}

/** What is committed of each of these partitions; nothing yet: all from the start. */
export async function readCommitted(
  coordinator: Broker,
  topic: TopicView,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, Progress>> {
  const { responses } = await coordinator.driver.offsetFetch({
    groupId: writersOf(topic.name, topic.id),
    topics: [{ topic: topic.name, partitions: partitions.map((partition) => ({ partition })) }],
  });
  const found = responses.flatMap((response) => response.partitions);
  return new Map(
    found.map(({ partition, offset, metadata }) => [
      partition,
      parseProgress(Math.max(0, Number(offset)), metadata),
    ]),
  );
}
