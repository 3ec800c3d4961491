import type { SASLOptions } from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';
import { FrameConnection, type RawRequest, reusingSocket } from './connection.ts';
import { type ConnectionSettings, protocolError, DriverBroker, DriverPool, silentLogger } from './driver.ts';
import { type DriverRequest, type Metadata, metadataRequest, type TopicView } from './requests.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

export interface ClusterOptions {
  /** `host:port` each; any of them that answers names the others. */
  readonly servers: readonly string[];
  readonly clientId: string;
  readonly ssl: ConnectionOptions | null;
  readonly sasl: SASLOptions | null;
}

/**
 * A broker works on one request of a connection at a time: what may wait long has one of its own. Leaving a group is not
 * among its others: it may end the wait of joining.
 */
const LANES = { others: 0, fetch: 1, group: 2, produce: 3, admin: 4 } as const;
const LANE_OF: Readonly<Record<number, number>> = {
  0: LANES.produce,
  1: LANES.fetch,
  11: LANES.group,
  12: LANES.group,
  14: LANES.group,
  19: LANES.admin,
  20: LANES.admin,
  21: LANES.admin,
};

class Pool extends DriverPool {
  constructor(settings: ConnectionSettings) {
    super(settings);
    this.pool = Object.values(LANES).map(() => new FrameConnection(settings));
  }

  override getConnectionByRequest({ request }: { request: { apiKey: number } }) {
    return this.getConnection(LANE_OF[request.apiKey] ?? LANES.others);
  }
}

/** A broker with what the driver does not do: large requests, and requests of our own. */
export interface Broker {
  readonly address: string;
  /** Connected when it was given out. */
  readonly driver: DriverBroker;
  /** The highest version of a request that it knows; -1 where it does not know it. */
  versionOf(apiKey: number): number;
  send<T>(request: DriverRequest<T>): Promise<T>;
  sendParts(request: RawRequest): Promise<Buffer>;
}

interface Entry extends Broker {
  readonly pool: DriverPool;
}

/** The brokers of a cluster; connections are made when they are needed and again when they are lost. */
export interface Cluster {
  /** Some broker that answers. */
  any(): Promise<Broker>;
  broker(nodeId: number): Promise<Broker>;
  controller(): Promise<Broker>;
  /** As a broker knows it now; null where it is not there. */
  topic(name: string): Promise<TopicView | null>;
  metadata(): Promise<Metadata>;
  readonly closed: boolean;
  close(): Promise<void>;
}

class Closed extends Error {
  readonly code = 'CLOSED';
}

/** Error code of a topic that is not there. */
const UNKNOWN_TOPIC = 3;

export function createCluster(options: ClusterOptions): Cluster {
  const nodes = new Map<number, Entry>();
  const seeds = new Map<string, Entry>();
  let controllerId = -1;
  let closed = false;
  let turn = 0;

  const create = (address: string, nodeId: number | null): Entry => {
    const colon = address.lastIndexOf(':');
    const settings = {
      host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(colon + 1)),
      ssl: options.ssl,
      sasl: options.sasl && { ...options.sasl }, // the driver keeps its authenticator in it
      clientId: options.clientId,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      socketFactory: reusingSocket,
      logger: silentLogger,
    };
    const pool = new Pool(settings);
    const driver = new DriverBroker({
      connectionPool: pool,
      logger: silentLogger,
      nodeId,
      allowAutoTopicCreation: false,
      authenticationTimeout: CONNECT_TIMEOUT_MS,
    });
    return {
      address,
      driver,
      pool,
      versionOf: (apiKey) => driver.versions?.[apiKey]?.maxVersion ?? -1,
      send: (request) => pool.send(request),
      sendParts: async (request) => {
        const connection = await pool.getConnectionByRequest({ request });
        return (connection as FrameConnection).sendParts(request);
      },
    };
  };

  const connected = async (entry: Entry): Promise<Entry> => {
    if (closed) throw new Closed('the hub was closed');
    if (!entry.driver.isConnected()) await entry.driver.connect();
    return entry;
  };

  const destroy = async (entry: Entry): Promise<void> => {
    const reason = new Closed('the hub was closed');
    const connections = entry.pool.pool as unknown as readonly FrameConnection[];
    await Promise.allSettled(connections.map((connection) => connection.destroy(reason)));
  };

  const learn = (metadata: Metadata): void => {
    controllerId = metadata.controllerId;
    for (const { nodeId, host, port } of metadata.brokers) {
      const address = `${host}:${port}`;
      const known = nodes.get(nodeId);
      if (known?.address === address) continue;
      if (known) void destroy(known);
      const seed = seeds.get(address);
      seeds.delete(address);
      nodes.set(nodeId, seed ?? create(address, nodeId));
    }
  };

  /** Those that are connected first, the rest in turn. */
  const candidates = (): readonly Entry[] => {
    for (const address of options.servers) {
      const isKnown = [...nodes.values()].some((node) => node.address === address);
      if (!isKnown && !seeds.has(address)) seeds.set(address, create(address, null));
    }
    const all = [...nodes.values(), ...seeds.values()];
    turn += 1;
    const turned = [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)];
    return turned.toSorted((a, b) => Number(b.driver.isConnected()) - Number(a.driver.isConnected()));
  };

  const any = async (): Promise<Entry> => {
    let failure: unknown = null;
    for (const entry of candidates()) {
      try {
        return await connected(entry);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  };

  const ask = async (name: string | null): Promise<Metadata> => {
    const broker = await any();
    const metadata = await broker.send(metadataRequest(name));
    learn(metadata);
    return metadata;
  };

  const broker = async (nodeId: number): Promise<Entry> => {
    if (!nodes.has(nodeId)) await ask(null);
    const entry = nodes.get(nodeId);
    if (!entry) throw Object.assign(new Error('no such broker'), { type: 'BROKER_NOT_AVAILABLE' });
    return connected(entry);
  };

  return {
    any,
    broker,
    controller: async () => {
      if (!nodes.has(controllerId)) await ask(null);
      return nodes.has(controllerId) ? broker(controllerId) : any();
    },
    topic: async (name) => {
      const { topic, errorCode } = await ask(name);
      if (errorCode !== 0 && errorCode !== UNKNOWN_TOPIC) throw protocolError(errorCode);
      return topic;
    },
    metadata: () => ask(null),
    get closed() {
      return closed;
    },
    close: async () => {
      closed = true;
      await Promise.all([...nodes.values(), ...seeds.values()].map(destroy));
    },
  };
}
