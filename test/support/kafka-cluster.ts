import { freePorts } from '../../scripts/servers/process/free-port.mjs';
import { newClusterId, type RunningKafka } from '../../scripts/servers/start-kafka.mjs';
import { startOwnKafka } from './servers.ts';

export interface KafkaCluster {
  readonly brokers: readonly RunningKafka[];
  /** `host:port` each. */
  readonly addresses: readonly string[];
  /** All brokers in one URL, as a connection names them. */
  readonly url: string;
  /** The broker of a number that the cluster gave out, as leader of a partition. */
  numbered(nodeId: number): RunningKafka;
  stop(): Promise<void>;
}

/** Small ones: three of them share a machine with everything else. */
const HEAP_MEGABYTES = 256;

/** A cluster of this test alone; each broker is a controller, too, and topics may have as many copies as there are brokers. */
export async function startKafkaCluster(size = 3): Promise<KafkaCluster> {
  const ports = await freePorts(2 * size);
  const nodes = Array.from({ length: size }, (_, index) => ({
    id: index + 1,
    ports: ports.slice(2 * index, 2 * index + 2),
  }));
  const clusterId = newClusterId();
  const copies = String(size);
  const started = await Promise.allSettled(
    nodes.map((node) =>
      startOwnKafka({
        ports: node.ports,
        clusterId,
        heapMegabytes: HEAP_MEGABYTES,
        properties: () => ({
          'node.id': String(node.id),
          'controller.quorum.voters': nodes
            .map(({ id, ports: [, controller] }) => `${id}@127.0.0.1:${controller}`)
            .join(','),
          'offsets.topic.replication.factor': copies,
          // A follower that does not answer counts no more after so long; 30 s by default.
          'replica.lag.time.max.ms': '5000',
        }),
      }),
    ),
  );
  const brokers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.stop()));
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const addresses = brokers.map((broker) => broker.brokers);
  return {
    brokers,
    addresses,
    url: `kafka://${addresses.join(',')}`,
    numbered: (nodeId) => {
      const broker = brokers[nodes.findIndex(({ id }) => id === nodeId)];
      if (!broker) throw new Error(`there is no broker ${nodeId}`);
      return broker;
    },
    stop,
  };
}
