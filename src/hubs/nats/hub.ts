import { Value } from '@sinclair/typebox/value';
import { NatsError } from 'nats';
import type { Consumer, Hub, HubKind, HubOptions } from '../../engine/ports/hub.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { maskUrl, type NatsConfig, NatsSettings, parseUrl } from './config.ts';
import { type Connection, openConnection } from './connection.ts';
import { createConsumer } from './consumer.ts';
import { createControl } from './control.ts';
import { classify, hubError } from './error-codes.ts';
import { createPublisher } from './publisher.ts';
import { createTopicSink } from './sink/topic-sink.ts';
import { createTopics } from './topics.ts';
import { createTroubles } from '../../engine/hub/troubles.ts';
import { untilAborted, within } from '../../engine/waiting.ts';
import { collectWarnings } from './warnings.ts';

const PING_TIMEOUT_MS = 5_000;

/** Consumers of several subjects at once, which the slices of many writers have, are understood from 2.10 on. */
const NEEDED = [2, 10] as const;

/** An older one leaves out what it does not know, and the consumer waits for ever. @throws SluiceError hub.version_unsupported */
function checkVersion({ info: { version } }: Connection, where: string): void {
  const [major = 0, minor = 0] = version.split('.', 2).map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  const needed = NEEDED.join('.');
  throw new SluiceError(
    'hub.version_unsupported',
    `nats-server ${version} is older than ${needed} (${where})`,
    {
      where,
      suggestion: `use nats-server ${needed} or later; 2.12.3 or later is recommended`,
    },
  );
}

/** @throws SluiceError hub.jetstream_disabled, hub.unreachable */
async function checkJetStream(connection: Connection, where: string): Promise<void> {
  try {
    await connection.jsm.getAccountInfo();
  } catch (error) {
    // Nobody answers the API at all: the server runs without JetStream.
    if (error instanceof NatsError && error.code === '503' && error.api_error === undefined) {
      throw new SluiceError('hub.jetstream_disabled', `JetStream is not enabled (${where})`, {
        where,
        cause: error,
      });
    }
    throw hubError(error, where);
  }
}

async function ping(connection: Connection, where: string, signal: AbortSignal): Promise<string> {
  try {
    const answered = await untilAborted(
      within(
        connection.nc.flush().then(() => true),
        PING_TIMEOUT_MS,
        false,
      ),
      signal,
    );
    if (!answered) throw new NatsError('no answer', connection.trouble ?? 'TIMEOUT');
  } catch (error) {
    signal.throwIfAborted();
    throw hubError(error, where);
  }
  return `nats-server ${connection.info.version}`;
}

async function open(config: NatsConfig, options: HubOptions): Promise<Hub> {
  const where = config.servers.join(', ');
  const connection = await openConnection(config, options.applicationName);
  const troubles = createTroubles('NATS');
  const consumers = new Set<Consumer>();
  try {
    checkVersion(connection, where);
    await checkJetStream(connection, where);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    kind: 'nats',
    topics: createTopics(connection, config),
    publisher: async (topic) => createPublisher(connection, topic, troubles),
    consumer: async (topic, window) => {
      const own = await openConnection(config, `${options.applicationName} consumer`);
      const consumer = createConsumer(own, config, topic, window);
      const entry: Consumer = {
        run: (handle, signal) => consumer.run(handle, signal),
        close: async () => {
          consumers.delete(entry);
          await consumer.close();
        },
      };
      consumers.add(entry);
      return entry;
    },
    control: (topic) => createControl(connection, topic, troubles),
    topicSink: createTopicSink(connection, config),
    ping: (signal) => ping(connection, where, signal),
    warnings: (signal) => collectWarnings(connection, config, troubles, signal),
    close: async () => {
      await Promise.all([...consumers].map((consumer) => consumer.close()));
      await connection.close();
    },
  };
}

/** NATS with JetStream, 2.10 or later and better 2.12.3: a data stream and a control stream a run. */
export const nats: HubKind<NatsConfig> = {
  name: 'nats',
  settings: NatsSettings,
  parseUrl: (url, settings) => {
    const wrong = Value.Errors(NatsSettings, settings).First();
    // The value itself may be a secret: place and expectation only.
    if (wrong) throw new SluiceError('config.invalid', `setting ${wrong.path.slice(1)}: ${wrong.message}`);
    return parseUrl(url, settings);
  },
  maskUrl,
  open,
  classify,
};
