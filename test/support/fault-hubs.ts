import { type Admin, Kafka, logLevel } from 'kafkajs';
import { connect } from 'nats';
import { freePorts } from '../../scripts/servers/process/free-port.mjs';
import type { RunningServer } from '../../scripts/servers/process/server-process.mjs';
import { type ServerName, startOwnKafka, startOwnNats } from './servers.ts';
import { createProxy, type Proxy } from './toxics.ts';

/** What a run keeps in a hub: one stream or topic of rows and one of hints. */
export interface RunStreams {
  names(): Promise<readonly string[]>;
  /** The one of rows, once it holds any. */
  filled(): Promise<string | undefined>;
  /** Bytes of rows that it holds. */
  bytes(): Promise<number>;
  remove(name: string): Promise<void>;
  /** Takes all of its messages away. */
  purge(name: string): Promise<void>;
  close(): Promise<void>;
}

/** A hub of one test alone, behind a proxy that workers use and the test does not. */
export interface OwnHub {
  readonly server: RunningServer;
  readonly proxy: Proxy;
  readonly url: string;
  streamsOf(transfer: string): Promise<RunStreams>;
}

/** A product that fault tests disturb. */
export interface FaultHub {
  readonly name: string;
  readonly needs: ServerName;
  /** `folder` keeps its data, a small disk for example. */
  readonly start: (toxiproxyUrl: string, options?: { readonly folder: string }) => Promise<OwnHub>;
}

const markOf = (transfer: string): string => transfer.replaceAll('_', '_5f');

async function natsStreams(url: string, transfer: string): Promise<RunStreams> {
  const connection = await connect({ servers: url });
  const { streams } = await connection.jetstreamManager();
  const names = async () => (await streams.names().next()).filter((name) => name.includes(markOf(transfer)));
  const stateOfRows = async () => {
    const name = (await names()).find((each) => !each.endsWith('_CONTROL'));
    return name === undefined ? null : { name, state: (await streams.info(name)).state };
  };
  return {
    names,
    filled: async () => {
      const rows = await stateOfRows();
      return rows && rows.state.messages > 0 ? rows.name : undefined;
    },
    bytes: async () => (await stateOfRows())?.state.bytes ?? 0,
    remove: async (name) => void (await streams.delete(name)),
    purge: async (name) => void (await streams.purge(name)),
    close: () => connection.close(),
  };
}

const numberOf = (text: string | undefined): number => Number(text ?? 0);

async function kafkaTopics(brokers: string, transfer: string): Promise<RunStreams> {
  const admin: Admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const names = async () => (await admin.listTopics()).filter((name) => name.includes(markOf(transfer)));
  const rowsOf = async () => {
    const name = (await names()).find((each) => !each.endsWith('.control'));
    const offsets = name === undefined ? [] : await admin.fetchTopicOffsets(name);
    return {
      name,
      messages: offsets.reduce((sum, { low, high }) => sum + numberOf(high) - numberOf(low), 0),
    };
  };
  return {
    names,
    filled: async () => {
      const { name, messages } = await rowsOf();
      return messages > 0 ? name : undefined;
    },
    // Blocks of the stage; a broker tells bytes of whole segments.
    bytes: async () => (await rowsOf()).messages * 16_384,
    remove: (name) => admin.deleteTopics({ topics: [name] }),
    purge: async (topic) => {
      const offsets = await admin.fetchTopicOffsets(topic);
      const partitions = offsets.map(({ partition }) => ({ partition, offset: '-1' }));
      await admin.deleteTopicRecords({ topic, partitions });
    },
    close: () => admin.disconnect(),
  };
}

export const NATS: FaultHub = {
  name: 'NATS',
  needs: 'nats',
  start: async (toxiproxyUrl, options) => {
    const server = await startOwnNats(options);
    const proxy = await createProxy(toxiproxyUrl, 'nats', new URL(server.url).host);
    return {
      server,
      proxy,
      url: `nats://127.0.0.1:${proxy.port}`,
      streamsOf: (transfer) => natsStreams(server.url, transfer),
    };
  },
};

const KAFKA: FaultHub = {
  name: 'Kafka',
  needs: 'kafka',
  start: async (toxiproxyUrl, options) => {
    const [port = 0, controllerPort = 0, directPort = 0] = await freePorts(3);
    const proxy = await createProxy(toxiproxyUrl, 'kafka', `127.0.0.1:${port}`);
    // Clients go where a broker says that it is: one listener says so of the proxy, the other of itself.
    const server = await startOwnKafka({
      ...options,
      ports: [port, controllerPort],
      properties: () => ({
        listeners: `PLAINTEXT://127.0.0.1:${port},DIRECT://127.0.0.1:${directPort},CONTROLLER://127.0.0.1:${controllerPort}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port},DIRECT://127.0.0.1:${directPort}`,
        'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,DIRECT:PLAINTEXT',
        'inter.broker.listener.name': 'DIRECT',
      }),
    });
    return {
      server,
      proxy,
      url: `kafka://127.0.0.1:${proxy.port}`,
      streamsOf: (transfer) => kafkaTopics(`127.0.0.1:${directPort}`, transfer),
    };
  },
};

export const FAULT_HUBS: readonly FaultHub[] = [NATS, KAFKA];
