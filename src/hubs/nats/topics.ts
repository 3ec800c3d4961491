import {
  type ConsumerInfo,
  DiscardPolicy,
  nanos,
  NatsError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import type { HubBacklog, RunTopic, TopicAdmin } from '../../engine/ports/hub.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { NatsConfig } from './config.ts';
import { API_TIMEOUT_MS, type Connection, LOST } from './connection.ts';
import { API, apiCode, hubError } from './error-codes.ts';
import { HEADER_BYTES, namesOf, sharersOf, writersOf } from './names.ts';

/**
 * Longer than the pause between two repeats of a publish, and no longer: the server reads every message of the window
 * again when it starts. What is repeated after a longer outage is stored twice and dropped by the ledger; that is never
 * more than the publisher's unanswered blocks.
 */
const DUPLICATE_WINDOW_MS = 120_000;
/** Hints: plans and range ends of a run. When it is full the oldest hints go. The server reserves so much for each run. */
const CONTROL_BYTES = 16 * 1024 * 1024;

/** All of them may be repeated: when the server goes away in the middle, they are. */
const MOST_ATTEMPTS = 3;

type Wanted = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects' | 'discard' | 'max_bytes'>;

/** What must hold of a stream that is there, or it may lose or refuse what it confirmed or should take. */
const CHECKED = [
  'retention',
  'discard',
  'storage',
  'max_age',
  'max_msgs',
  'max_msgs_per_subject',
  'max_msg_size',
] as const;

const wanted = (
  config: NatsConfig,
  own: Pick<Wanted, 'name' | 'subjects' | 'discard' | 'max_bytes'>,
): Wanted => ({
  ...own,
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  max_age: 0,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  num_replicas: config.replicas,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
});

function refuseDifferent(stream: StreamInfo, config: Wanted): void {
  const different = CHECKED.filter((key) => stream.config[key] !== config[key]).map(
    (key) => `${key} is ${stream.config[key]}, not ${config[key]}`,
  );
  const subjects = stream.config.subjects ?? [];
  if (subjects.length !== 1 || subjects[0] !== config.subjects[0]) different.push('subjects are others');
  if (stream.config.sealed) different.push('it is sealed');
  if (different.length === 0) return;
  throw new SluiceError(
    'hub.settings_differ',
    `stream ${config.name} has other settings: ${different.join('; ')}`,
    {
      where: config.name,
      suggestion: `nats stream rm ${config.name}`,
    },
  );
}

async function orNull<T>(promise: Promise<T>, missing: number): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (apiCode(error) === missing) return null;
    throw error;
  }
}

async function ensureStream(connection: Connection, config: Wanted): Promise<StreamInfo> {
  const { streams } = connection.jsm;
  let stream = await orNull(streams.info(config.name), API.streamNotFound);
  // Another process may make it between the two calls, with a size of its own: then it is in use, and is read again.
  stream ??= (await orNull(streams.add(config), API.nameInUse)) ?? (await streams.info(config.name));
  refuseDifferent(stream, config);
  // Never below what is stored: older servers enforce a lowered limit by deleting.
  const maxBytes = Math.max(config.max_bytes, stream.state.bytes);
  if (stream.config.max_bytes === maxBytes) return stream;
  return streams.update(config.name, { ...stream.config, max_bytes: maxBytes });
}

const GONE: HubBacklog = { lost: true, messages: 0, undelivered: 0, bytes: 0, maxBytes: 0 };

/**
 * The consumers that share the stream now; none where one of them is still to be made. Those of an earlier number of
 * sharers, whom nobody asks any more, stay behind until the stream goes.
 */
async function writersNow(connection: Connection, stream: StreamInfo): Promise<readonly ConsumerInfo[]> {
  const mine = writersOf(stream.created);
  const bySharers = new Map<number, ConsumerInfo[]>();
  for (
    let list = connection.jsm.consumers.list(stream.config.name), page = await list.next();
    page.length > 0;
  ) {
    for (const consumer of page.filter(({ name }) => name === mine || name.startsWith(`${mine}-`))) {
      const sharers = sharersOf(consumer.name);
      bySharers.set(sharers, [...(bySharers.get(sharers) ?? []), consumer]);
    }
    page = await list.next();
  }
  const lastActive = (consumers: readonly ConsumerInfo[]): number =>
    Math.max(
      ...consumers.map(({ created, delivered }) => Date.parse(String(delivered.last_active ?? created))),
    );
  const [newest] = [...bySharers].sort(([, a], [, b]) => lastActive(b) - lastActive(a));
  return newest && newest[1].length === newest[0] ? newest[1] : [];
}

async function readBacklog(connection: Connection, name: string): Promise<HubBacklog> {
  const stream = await orNull(connection.jsm.streams.info(name), API.streamNotFound);
  if (!stream) return GONE;
  const writers = await writersNow(connection, stream);
  const stored = stream.state.messages;
  const sum = (count: (consumer: ConsumerInfo) => number): number =>
    writers.reduce((total, consumer) => total + count(consumer), 0);
  const isConsumed = writers.length > 0;
  const messages = isConsumed ? sum((each) => each.num_pending + each.num_ack_pending) : stored;
  // What is acknowledged stays until it is purged: bytes are the stream's share of what is not.
  const bytes = stored === 0 ? 0 : Math.round(stream.state.bytes * Math.min(1, messages / stored));
  const undelivered = isConsumed ? sum((each) => each.num_pending) : stored;
  return { lost: false, messages, undelivered, bytes, maxBytes: stream.config.max_bytes };
}

async function purge(connection: Connection, name: string): Promise<void> {
  const stream = await orNull(connection.jsm.streams.info(name), API.streamNotFound);
  if (!stream) return;
  const writers = await writersNow(connection, stream);
  const purges = writers.flatMap((consumer) => {
    const acknowledged = consumer.ack_floor.stream_seq;
    // Invariant 5: only below the first message that nobody acknowledged.
    if (acknowledged < stream.state.first_seq) return [];
    const subjects = consumer.config.filter_subjects ?? [];
    const seq = acknowledged + 1;
    return subjects.length === 0 ? [{ seq }] : subjects.map((filter) => ({ seq, filter }));
  });
  await Promise.all(purges.map((options) => connection.jsm.streams.purge(name, options)));
}

/** A restart of the server takes seconds; what takes longer is an error, which Temporal tries again. */
async function soonConnected(connection: Connection, signal: AbortSignal): Promise<void> {
  if (connection.connected) return;
  try {
    await connection.whenConnected(AbortSignal.any([signal, AbortSignal.timeout(API_TIMEOUT_MS)]));
  } catch (error) {
    signal.throwIfAborted();
    // Never authentication_failed here: that ends a transfer, and a changed password is set right while we wait.
    const vendor = connection.trouble ?? 'DISCONNECT';
    throw new SluiceError('hub.unreachable', 'NATS is away, connecting again goes on', {
      vendorCode: vendor,
      cause: error,
    });
  }
}

/** Streams of runs; see TopicAdmin. */
export function createTopics(connection: Connection, config: NatsConfig): TopicAdmin {
  const guarded = async <T>(
    topic: RunTopic,
    signal: AbortSignal,
    work: (name: string) => Promise<T>,
  ): Promise<T> => {
    const name = namesOf(topic).dataStream;
    for (let attempt = 1; ; attempt += 1) {
      try {
        signal.throwIfAborted();
        await soonConnected(connection, signal);
        return await connection.answer(work(name), signal);
      } catch (error) {
        signal.throwIfAborted();
        const wasLost = error instanceof NatsError && error.code === LOST;
        if (!wasLost || attempt === MOST_ATTEMPTS) throw hubError(error, name);
      }
    }
  };
  return {
    ensure: (topic, options, signal) =>
      guarded(topic, signal, async (name) => {
        const names = namesOf(topic);
        const data = await ensureStream(
          connection,
          wanted(config, {
            name,
            subjects: [names.dataSubjects],
            discard: DiscardPolicy.New,
            max_bytes: options.maxBytes,
          }),
        );
        await ensureStream(
          connection,
          wanted(config, {
            name: names.controlStream,
            subjects: [names.controlSubject],
            discard: DiscardPolicy.Old,
            max_bytes: CONTROL_BYTES,
          }),
        );
        return data.created;
      }),
    maxMessageBytes: async (signal) => {
      signal.throwIfAborted();
      return connection.info.max_payload - HEADER_BYTES;
    },
    backlog: (topic, signal) => guarded(topic, signal, (name) => readBacklog(connection, name)),
    purgeAcknowledged: (topic, signal) => guarded(topic, signal, (name) => purge(connection, name)),
    remove: (topic, signal) =>
      guarded(topic, signal, async (name) => {
        for (const stream of [name, namesOf(topic).controlStream]) {
          await orNull(connection.jsm.streams.delete(stream), API.streamNotFound);
        }
      }),
  };
}
