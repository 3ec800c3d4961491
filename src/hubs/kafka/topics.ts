import type { HubBacklog, RunTopic, TopicAdmin } from '../../engine/ports/hub.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { KafkaConfig } from './config.ts';
import { coordinatorOf, readCommitted } from './consume/committed.ts';
import type { Progress } from './consume/progress.ts';
import { hubError, typeOf } from './error-codes.ts';
import { type Limits, RESERVED_BYTES } from './limits.ts';
import { namesOf, writersOf } from './names.ts';
import { patiently } from './patience.ts';
import { byLeader } from './wire/by-leader.ts';
import type { Cluster } from './wire/cluster.ts';
import { LOG_DIRS, logSizesRequest, type TopicView } from './wire/requests.ts';
import { pause } from '../../engine/waiting.ts';

const MIB = 1024 * 1024;
/** Kafka frees whole segments only, and never the newest of a partition. */
const SEGMENT_BYTES = 64 * MIB;
/** Hints: plans and range ends of a run. When it is full the oldest hints go. */
const CONTROL_BYTES = 16 * MIB;
const CONTROL_SEGMENT_BYTES = 4 * MIB;
const API_TIMEOUT_MS = 10_000;
const MADE_POLL_MS = 20;
const TOPIC_RESOURCE = 2;
/** Copies that outlive the loss of one broker while they keep taking messages. */
const SAFE_REPLICAS = 3;
const EARLIEST = '-2';
const LATEST = '-1';

type Settings = Readonly<Record<string, string>>;

interface Wanted {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly settings: Settings;
  /** What must hold of a topic that is there, or it may lose what it confirmed or refuse what it should take. */
  readonly atLeast: Readonly<Record<string, number>>;
  readonly exactly: Settings;
}

/** Nothing goes by age or size; a broker that lacks messages never becomes a leader. */
const LOSING_NOTHING: Settings = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'unclean.leader.election.enable': 'false',
};

async function wantedReplicas(cluster: Cluster, config: KafkaConfig): Promise<number> {
  const { brokers } = await cluster.metadata();
  const wanted = config.replicas ?? Math.max(1, Math.min(SAFE_REPLICAS, brokers.length));
  if (wanted <= brokers.length) return wanted;
  throw new SluiceError(
    'hub.unreachable',
    `replicas is ${wanted}, and ${brokers.length} broker(s) are there`,
  );
}

function dataTopic(name: string, config: KafkaConfig, replicas: number, maxBytes: number): Wanted {
  const inSync = replicas >= SAFE_REPLICAS ? 2 : 1;
  return {
    name,
    partitions: config.partitions,
    replicas,
    settings: {
      ...LOSING_NOTHING,
      'min.insync.replicas': String(inSync),
      'max.message.bytes': String(maxBytes),
      'compression.type': 'producer',
      'segment.bytes': String(Math.max(SEGMENT_BYTES, 2 * maxBytes)),
    },
    atLeast: { 'min.insync.replicas': inSync, 'max.message.bytes': maxBytes },
    exactly: LOSING_NOTHING,
  };
}

const controlTopic = (name: string, replicas: number): Wanted => ({
  name,
  partitions: 1,
  replicas,
  settings: {
    ...LOSING_NOTHING,
    'retention.bytes': String(CONTROL_BYTES),
    'segment.bytes': String(CONTROL_SEGMENT_BYTES),
  },
  atLeast: {},
  exactly: { 'cleanup.policy': 'delete' },
});

async function create(cluster: Cluster, wanted: Wanted): Promise<void> {
  const { driver } = await cluster.controller();
  const configEntries = Object.entries(wanted.settings).map(([name, value]) => ({ name, value }));
  const { name: topic, partitions: numPartitions, replicas: replicationFactor } = wanted;
  try {
    await driver.createTopics({
      topics: [{ topic, numPartitions, replicationFactor, configEntries }],
      timeout: API_TIMEOUT_MS,
    });
  } catch (error) {
    // Another process made it between the two calls.
    if (typeOf(error) !== 'TOPIC_ALREADY_EXISTS') throw unavailable(error);
  }
}

/** A broker that has just started is not counted yet: it is tried again. */
const unavailable = (error: unknown): unknown =>
  typeOf(error) === 'INVALID_REPLICATION_FACTOR'
    ? Object.assign(new Error('too few brokers', { cause: error }), { type: 'BROKER_NOT_AVAILABLE' })
    : error;

async function refuseDifferent(cluster: Cluster, wanted: Wanted): Promise<void> {
  const { driver } = await cluster.any();
  const configNames = [...Object.keys(wanted.exactly), ...Object.keys(wanted.atLeast)];
  const asked = await driver.describeConfigs({
    resources: [{ type: TOPIC_RESOURCE, name: wanted.name, configNames }],
  });
  const entries = asked.resources[0]?.configEntries ?? [];
  const found = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  const different = [
    ...Object.entries(wanted.exactly)
      .filter(([key, value]) => found.get(key) !== value)
      .map(([key, value]) => `${key} is ${found.get(key)}, not ${value}`),
    ...Object.entries(wanted.atLeast)
      .filter(([key, value]) => Number(found.get(key)) < value)
      .map(([key, value]) => `${key} is ${found.get(key)}, less than ${value}`),
  ];
  if (different.length === 0) return;
  throw new SluiceError(
    'hub.settings_differ',
    `topic ${wanted.name} has other settings: ${different.join('; ')}`,
    { where: wanted.name, suggestion: `kafka-topics.sh --delete --topic ${wanted.name}` },
  );
}

/** Made where it is missing; resolves once each partition has a leader. */
async function ensureTopic(cluster: Cluster, wanted: Wanted, signal: AbortSignal): Promise<TopicView> {
  const found = await cluster.topic(wanted.name);
  if (!found) await create(cluster, wanted);
  const until = Date.now() + API_TIMEOUT_MS;
  for (let view = found; ; view = await cluster.topic(wanted.name)) {
    if (view?.partitions.every(({ leader }) => leader >= 0)) {
      if (found) await refuseDifferent(cluster, wanted);
      return view;
    }
    if (Date.now() > until) {
      throw Object.assign(new Error('a partition without a leader'), { type: 'LEADER_NOT_AVAILABLE' });
    }
    await pause(MADE_POLL_MS, signal);
  }
}

/** Offsets of each partition as its leader says; in the order of the partitions. */
async function listOffsets(
  cluster: Cluster,
  topic: TopicView,
  timestamp: string,
): Promise<ReadonlyMap<number, number>> {
  const answers = await Promise.all(
    [...byLeader(topic.partitions)].map(async ([leader, partitions]) => {
      const { driver } = await cluster.broker(leader);
      const { responses } = await driver.listOffsets({
        replicaId: -1,
        isolationLevel: 0,
        topics: [
          { topic: topic.name, partitions: partitions.map(({ id }) => ({ partition: id, timestamp })) },
        ],
      });
      return responses.flatMap((response) => response.partitions);
    }),
  );
  return new Map(answers.flat().map(({ partition, offset }) => [partition, Number(offset)]));
}

async function storedBytes(cluster: Cluster, topic: TopicView): Promise<number> {
  const sizes = await Promise.all(
    [...byLeader(topic.partitions)].map(async ([leader, partitions]) => {
      const broker = await cluster.broker(leader);
      if (broker.versionOf(LOG_DIRS.apiKey) < LOG_DIRS.apiVersion) return [];
      return broker.send(
        logSizesRequest(
          topic.name,
          partitions.map(({ id }) => id),
        ),
      );
    }),
  );
  return sizes.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

const GONE: HubBacklog = { lost: true, messages: 0, undelivered: 0, bytes: 0, maxBytes: 0 };
const NOTHING: Progress = { floor: 0, given: 0, done: [] };

async function readBacklog(cluster: Cluster, name: string, maxBytes: number): Promise<HubBacklog> {
  const topic = await cluster.topic(name);
  if (!topic) return GONE;
  const ids = topic.partitions.map(({ id }) => id);
  const committed = await readCommitted(await coordinatorOf(cluster, topic), topic, ids);
  const [starts, ends] = await Promise.all([
    listOffsets(cluster, topic, EARLIEST),
    listOffsets(cluster, topic, LATEST),
  ]);
  let messages = 0;
  let undelivered = 0;
  let stored = 0;
  for (const id of ids) {
    const { floor, given, done } = committed.get(id) ?? NOTHING;
    const start = starts.get(id) ?? 0;
    const end = ends.get(id) ?? 0;
    const acknowledged = done.reduce((sum, { count }) => sum + count, 0);
    stored += end - start;
    messages += Math.max(0, end - Math.max(floor, start) - acknowledged);
    undelivered += Math.max(0, end - Math.max(given, start));
  }
  // What is acknowledged stays until its segment is removed: bytes are the topic's share of what is not.
  const bytes = messages === 0 ? 0 : await storedBytes(cluster, topic);
  return {
    lost: false,
    messages,
    undelivered,
    bytes: Math.round((bytes * messages) / Math.max(stored, messages, 1)),
    maxBytes,
  };
}

/** What was purged of each topic already, by partition: asking again costs each leader a write. */
type Purged = Map<string, { readonly id: string; readonly floors: ReadonlyMap<number, number> }>;

async function purge(cluster: Cluster, name: string, purged: Purged): Promise<void> {
  const topic = await cluster.topic(name);
  if (!topic) return;
  const known = purged.get(name);
  const before = known?.id === topic.id ? known.floors : null;
  const ids = topic.partitions.map(({ id }) => id);
  const committed = await readCommitted(await coordinatorOf(cluster, topic), topic, ids);
  // Invariant 5: only below the first message that nobody acknowledged.
  const due = topic.partitions.filter(({ id }) => (committed.get(id)?.floor ?? 0) > (before?.get(id) ?? 0));
  for (const [leader, partitions] of byLeader(due)) {
    const { driver } = await cluster.broker(leader);
    const offsets = partitions.map(({ id }) => ({
      partition: id,
      offset: String(committed.get(id)?.floor ?? 0),
    }));
    await driver.deleteRecords({ topics: [{ topic: name, partitions: offsets }] });
  }
  purged.set(name, { id: topic.id, floors: new Map([...committed].map(([id, { floor }]) => [id, floor])) });
}

async function remove(cluster: Cluster, name: string, signal: AbortSignal): Promise<void> {
  const topic = await cluster.topic(name);
  if (!topic) return;
  const { driver } = await cluster.controller();
  try {
    await driver.deleteTopics({ topics: [name], timeout: API_TIMEOUT_MS });
  } catch (error) {
    if (typeOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
  }
  while ((await cluster.topic(name))?.id === topic.id) await pause(MADE_POLL_MS, signal);
  // Workers that still belong to it keep it; then it goes when they have gone.
  const coordinator = await coordinatorOf(cluster, topic).catch(() => null);
  await coordinator?.driver.deleteGroups([writersOf(topic.name, topic.id)]).catch(() => undefined);
}

export interface TopicsOptions {
  readonly cluster: Cluster;
  readonly config: KafkaConfig;
  readonly limits: Limits;
  /** Makes consumers of this process commit what they know, so that they are counted as they are now. */
  readonly flush: (topic: string) => Promise<void>;
}

/** Topics of runs; see TopicAdmin. */
export function createTopics({ cluster, config, limits, flush }: TopicsOptions): TopicAdmin {
  const sizes = new Map<string, number>();
  const purged: Purged = new Map();
  const guarded = <T>(
    topic: RunTopic,
    signal: AbortSignal,
    work: (name: string) => Promise<T>,
  ): Promise<T> => {
    const name = namesOf(topic).dataTopic;
    return patiently(() => work(name), name, signal);
  };
  return {
    ensure: (topic, options, signal) =>
      guarded(topic, signal, async (name) => {
        const replicas = await wantedReplicas(cluster, config);
        const data = dataTopic(name, config, replicas, await limits.topicBytes());
        const control = controlTopic(namesOf(topic).controlTopic, replicas);
        const [view] = await Promise.all([
          ensureTopic(cluster, data, signal),
          ensureTopic(cluster, control, signal),
        ]);
        sizes.set(name, options.maxBytes);
        return view.id;
      }),
    maxMessageBytes: async (signal) =>
      (await patiently(() => limits.topicBytes(), 'message.max.bytes', signal)) - RESERVED_BYTES,
    backlog: (topic, signal) =>
      guarded(topic, signal, async (name) => {
        await flush(name);
        return readBacklog(cluster, name, sizes.get(name) ?? 0).catch((error: unknown) =>
          lostMeanwhile(error, name),
        );
      }),
    purgeAcknowledged: (topic, signal) => guarded(topic, signal, (name) => purge(cluster, name, purged)),
    remove: (topic, signal) =>
      guarded(topic, signal, async (name) => {
        await Promise.all([name, namesOf(topic).controlTopic].map((each) => remove(cluster, each, signal)));
        sizes.delete(name);
        purged.delete(name);
      }),
  };
}

/** The topic was there when it was asked for: a leader that does not know it yet, or not any more, is asked again. */
function lostMeanwhile(error: unknown, name: string): never {
  const failure = hubError(error, name);
  if (failure.code !== 'hub.stream_lost') throw error;
  throw Object.assign(new Error('between two states', { cause: error }), { type: 'LEADER_NOT_AVAILABLE' });
}
