import { blockPool } from '../../../engine/driver/block-pool.ts';
import type { RefusedMessage, TopicMessage } from '../../../engine/ports/topic-sink.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { Compression } from '../wire/codecs.ts';
import { type Body, encodeBody, HEAD_BYTES } from '../wire/records.ts';
import { encodeMessages } from './encode-messages.ts';
import { partitionOfKey } from './murmur2.ts';
import { checkKey, type SinkTopic, type SinkTopics } from './sink-topics.ts';

/** Messages of one partition, as they are sent together. */
export interface MessageBatch {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
  readonly records: number;
  /** The first of them: the only one where `records` is 1. */
  readonly first: TopicMessage;
  readonly body: Body;
  /** To be given back to the pool of blocks once it is stored. */
  readonly memory: Buffer;
}

/** What is sent of a claim; nothing, where messages are refused. */
export interface EncodedClaim {
  readonly batches: readonly MessageBatch[];
  readonly refused: readonly RefusedMessage[];
}

interface Group {
  readonly topic: SinkTopic;
  readonly byPartition: Map<number, TopicMessage[]>;
}

/** Messages of a claim without a key stay together, in one partition after the other. */
const partitionOf = ({ key }: TopicMessage, { view }: SinkTopic, claim: number): number =>
  key === null ? claim % view.partitions.length : partitionOfKey(key, view.partitions.length);

async function group(
  topics: SinkTopics,
  messages: readonly TopicMessage[],
  claim: number,
): Promise<ReadonlyMap<string, Group>> {
  const groups = new Map<string, Group>();
  for (const message of messages) {
    let found = groups.get(message.topic);
    if (!found) {
      found = { topic: await topics.get(message.topic), byPartition: new Map() };
      groups.set(message.topic, found);
    }
    checkKey(found.topic, message);
    const partition = partitionOf(message, found.topic, claim);
    const list = found.byPartition.get(partition);
    if (list) list.push(message);
    else found.byPartition.set(partition, [message]);
  }
  return groups;
}

/** Named by its table and id: its payload is nobody's business here. */
export const tooLarge = ({ topic, table, eventId }: TopicMessage, mostBytes: number | null): SluiceError =>
  new SluiceError(
    'hub.message_too_large',
    `event ${eventId} of ${table} is larger than topic ${topic} takes${mostBytes === null ? '' : ` (${mostBytes} bytes)`}`,
    { where: topic, table, suggestion: `raise max.message.bytes of ${topic}` },
  );

async function encodePartition(
  topic: SinkTopic,
  partition: number,
  {
    messages,
    compression,
  }: { readonly messages: readonly TopicMessage[]; readonly compression: Compression },
): Promise<EncodedClaim> {
  const batches: MessageBatch[] = [];
  const refused: RefusedMessage[] = [];
  const mostBytes = topic.cutBytes - HEAD_BYTES;
  for (let from = 0; from < messages.length; ) {
    const { bytes, to } = encodeMessages(messages, from, mostBytes);
    const body = await encodeBody([bytes], compression);
    const first = messages[from] as TopicMessage;
    if (body.sizeBytes + HEAD_BYTES > topic.mostBytes) {
      refused.push({ message: first, error: tooLarge(first, topic.mostBytes) });
      blockPool.give(bytes);
    } else {
      const leader = topic.view.partitions[partition]?.leader ?? -1;
      batches.push({ topic: first.topic, partition, leader, records: to - from, first, body, memory: bytes });
    }
    from = to;
  }
  return { batches, refused };
}

/**
 * Batches of a claim: those of a partition in the order of its messages, none larger than its topic takes.
 * @throws SluiceError hub.topic_missing, hub.topic_unsuitable
 */
export async function encodeClaim(
  topics: SinkTopics,
  {
    claim,
    messages,
    compression,
  }: { claim: number; messages: readonly TopicMessage[]; compression: Compression },
): Promise<EncodedClaim> {
  const batches: MessageBatch[] = [];
  const refused: RefusedMessage[] = [];
  for (const { topic, byPartition } of (await group(topics, messages, claim)).values())
    for (const [partition, own] of byPartition) {
      const encoded = await encodePartition(topic, partition, { messages: own, compression });
      batches.push(...encoded.batches);
      refused.push(...encoded.refused);
    }
  if (refused.length === 0) return { batches, refused };
  for (const { memory } of batches) blockPool.give(memory);
  return { batches: [], refused };
}
