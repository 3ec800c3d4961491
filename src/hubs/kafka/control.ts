import { randomUUID } from 'node:crypto';
import type { Announcement, ControlChannel, RunTopic } from '../../engine/ports/hub.ts';
import { classify } from './error-codes.ts';
import { namesOf } from './names.ts';
import type { TopicSender } from './publish/topic-sender.ts';
import { parseAnnouncement, renderAnnouncement } from '../../engine/hub/announcements.ts';
import { backOff, pause, untilAborted } from '../../engine/waiting.ts';
import type { Cluster } from './wire/cluster.ts';
import { decodeRecords } from './wire/records.ts';
import { fetchRequest, type TopicView } from './wire/requests.ts';

/** Below every broker's message.max.bytes: the control topic is made with that. */
const MOST_BYTES = 900_000;
const FETCH_BYTES = 4 * 1024 * 1024;
/** Listeners ask again and again: one that waited at the broker would hold up the others of its connection. */
const POLL_MS = 250;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
const OUT_OF_RANGE = 1;

/** Reads once from `offset`. @returns where to go on; null where the topic is not as it was */
async function readOn(
  cluster: Cluster,
  topic: TopicView,
  offset: number,
  heard: (announcement: Announcement) => void,
): Promise<number | null> {
  const broker = await cluster.broker(topic.partitions[0]?.leader ?? -1);
  const asks = [{ partition: 0, offset }];
  const { errorCode, partitions } = await broker.send(
    fetchRequest({ topicId: topic.id, asks, maxBytes: FETCH_BYTES, maxWaitMs: 0 }),
  );
  const [found] = partitions;
  if (errorCode !== 0 || !found) return null;
  if (found.errorCode === OUT_OF_RANGE) return earliest(cluster, topic, offset);
  if (found.errorCode !== 0) return null;
  const { records, nextOffset } = await decodeRecords(found.records, FETCH_BYTES, {
    from: offset,
    end: found.highWatermark,
  });
  for (const record of records) {
    const announcement = record.offset >= offset ? parseAnnouncement(record.data) : null;
    if (announcement) queueMicrotask(() => heard(announcement)); // what it throws must not end the reading
  }
  return nextOffset ?? offset;
}

/** The oldest hints went. Where it is the end that is missing, all is heard again. */
async function earliest(cluster: Cluster, topic: TopicView, offset: number): Promise<number> {
  const { driver } = await cluster.broker(topic.partitions[0]?.leader ?? -1);
  const { responses } = await driver.listOffsets({
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ topic: topic.name, partitions: [{ partition: 0, timestamp: '-2' }] }],
  });
  const start = Number(responses[0]?.partitions[0]?.offset ?? 0);
  return start === offset ? 0 : start;
}

async function listen(
  cluster: Cluster,
  name: string,
  heard: (announcement: Announcement) => void,
  signal: AbortSignal,
): Promise<void> {
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  let known: TopicView | null = null;
  let lastId = '';
  let next = 0;
  while (!signal.aborted && !cluster.closed) {
    try {
      if (!known) {
        const topic = await untilAborted(cluster.topic(name), signal);
        if (topic && topic.id !== lastId) next = 0;
        known = topic;
      }
      const topic: TopicView | null = known;
      const after = topic && (await untilAborted(readOn(cluster, topic, next, heard), signal));
      if (after !== null) {
        lastId = topic?.id ?? '';
        delays.reset();
        if (after === next) await pause(POLL_MS, signal);
        next = after;
        continue;
      }
    } catch {
      // Away, or not made yet: hints are worth no error.
    }
    known = null;
    await pause(delays.next(), signal).catch(() => undefined);
  }
}

export interface ControlDeps {
  readonly cluster: Cluster;
  readonly sender: TopicSender;
}

/** The control topic of a run; see ControlChannel. */
export function createControl({ cluster, sender }: ControlDeps, topic: RunTopic): ControlChannel {
  const name = namesOf(topic).controlTopic;
  return {
    announce: async (announcement, signal) => {
      const record = {
        id: randomUUID(),
        ordinal: 0,
        lane: 0,
        header: '',
        data: renderAnnouncement(announcement, MOST_BYTES),
      };
      try {
        await sender.send(record, signal);
      } catch (error) {
        if (signal.aborted || classify(error) !== 'hub.stream_lost') throw error;
        await sender.send(record, signal); // the topic was made again since the last announcement
      }
    },
    listen: (heard, signal) => listen(cluster, name, heard, signal),
  };
}
