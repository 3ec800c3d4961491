import { Value } from '@sinclair/typebox/value';
import type { Consumer, Hub, HubKind, HubOptions, RunTopic } from '../../engine/ports/hub.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { type KafkaConfig, KafkaSettings, maskUrl, parseUrl, saslOptions, tlsOptions } from './config.ts';
import { createConsumer } from './consume/consumer.ts';
import type { TopicRun } from './consume/topic-run.ts';
import { createControl } from './control.ts';
import { classify, hubError } from './error-codes.ts';
import { createLimits } from './limits.ts';
import { namesOf } from './names.ts';
import { createPublisher } from './publish/publisher.ts';
import { TopicSender } from './publish/topic-sender.ts';
import { createTopicSink } from './sink/topic-sink.ts';
import { createTopics } from './topics.ts';
import { createTroubles } from '../../engine/hub/troubles.ts';
import { untilAborted, within } from '../../engine/waiting.ts';
import { collectWarnings, createDamages } from './warnings.ts';
import { type Cluster, type ClusterOptions, createCluster } from './wire/cluster.ts';
import { requireCodec } from './wire/codecs.ts';
import { FETCH, METADATA, PRODUCE } from './wire/requests.ts';

const PING_TIMEOUT_MS = 5_000;

/** @throws SluiceError hub.version_unsupported, hub.unreachable, hub.authentication_failed */
async function checkBroker(cluster: Cluster, where: string): Promise<void> {
  try {
    const broker = await cluster.any();
    const isOld = broker.versionOf(FETCH.apiKey) < FETCH.apiVersion;
    if (!isOld && broker.versionOf(METADATA.apiKey) >= METADATA.apiVersion) {
      await cluster.metadata();
      return;
    }
  } catch (error) {
    throw hubError(error, where);
  }
  throw new SluiceError('hub.version_unsupported', `the broker is older than Kafka 3.1 (${where})`, {
    where,
  });
}

async function ping(cluster: Cluster, where: string, signal: AbortSignal): Promise<string> {
  try {
    const asked = within(cluster.metadata(), PING_TIMEOUT_MS, null);
    const metadata = await untilAborted(asked, signal);
    if (!metadata) throw Object.assign(new Error('no answer'), { code: 'TIMEOUT' });
    const broker = await untilAborted(cluster.any(), signal);
    const isNew = broker.versionOf(PRODUCE.apiKey) >= PRODUCE.byId;
    return `Kafka ${isNew ? '4.1 or later' : '3.1 to 4.0'}, ${metadata.brokers.length} broker(s)`;
  } catch (error) {
    signal.throwIfAborted();
    throw hubError(error, where);
  }
}

/** The sender of each run's control topic, made when the first announcement is made. */
function createControlSenders(make: (name: string) => TopicSender) {
  const senders = new Map<string, TopicSender>();
  return {
    of: (topic: RunTopic): TopicSender => {
      const name = namesOf(topic).controlTopic;
      const known = senders.get(name) ?? make(name);
      senders.set(name, known);
      return known;
    },
    close: (): void => {
      for (const sender of senders.values()) sender.close();
      senders.clear();
    },
  };
}

async function open(config: KafkaConfig, options: HubOptions): Promise<Hub> {
  const where = config.servers.join(', ');
  await requireCodec(config.compression);
  const connecting: Omit<ClusterOptions, 'clientId'> = {
    servers: config.servers,
    ssl: await tlsOptions(config).catch((error: unknown) => {
      throw hubError(error, where);
    }),
    sasl: saslOptions(config),
  };
  const connect = (suffix: string): Cluster =>
    createCluster({ ...connecting, clientId: `${options.applicationName}${suffix}` });
  const cluster = connect('');
  try {
    await checkBroker(cluster, where);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  const troubles = createTroubles('Kafka');
  const limits = createLimits(cluster, config);
  const damages = createDamages();
  const sending = { cluster, limits, troubles, compression: config.compression };
  const consumers = new Set<Consumer>();
  const running = new Map<string, Set<TopicRun>>();
  const controls = createControlSenders((name) => new TopicSender(sending, name));
  const runsOf = (name: string): Set<TopicRun> => {
    const runs = running.get(name) ?? new Set<TopicRun>();
    running.set(name, runs);
    return runs;
  };
  return {
    kind: 'kafka',
    topics: createTopics({
      cluster,
      config,
      limits,
      flush: async (name) => {
        await Promise.all([...(running.get(name) ?? [])].map((run) => run.flush()));
      },
    }),
    publisher: async (topic) => createPublisher(sending, topic),
    consumer: async (topic, window) => {
      const own = connect('-consumer');
      const runs = runsOf(namesOf(topic).dataTopic);
      const consumer = createConsumer({ cluster: own, config, topic, window, running: runs, damages });
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
    control: (topic) => createControl({ cluster, sender: controls.of(topic) }, topic),
    topicSink: createTopicSink({ cluster, compression: config.compression }),
    ping: (signal) => ping(cluster, where, signal),
    warnings: (signal) => collectWarnings({ cluster, config, limits, troubles, damages }, signal),
    close: async () => {
      await Promise.all([...consumers].map((consumer) => consumer.close()));
      controls.close();
      await cluster.close();
    },
  };
}

/** Kafka, 3.1 or later: a data topic and a control topic a run. */
export const kafka: HubKind<KafkaConfig> = {
  name: 'kafka',
  settings: KafkaSettings,
  parseUrl: (url, settings) => {
    const wrong = Value.Errors(KafkaSettings, settings).First();
    // The value itself may be a secret: place and expectation only.
    if (wrong) throw new SluiceError('config.invalid', `setting ${wrong.path.slice(1)}: ${wrong.message}`);
    return parseUrl(url, settings);
  },
  maskUrl,
  open,
  classify,
};
