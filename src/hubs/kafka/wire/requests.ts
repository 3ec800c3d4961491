import { ByteReader, createWriter } from './bytes.ts';

/** Versions of these requests that know topics by id: what tells a topic from another of the same name. */
export const FETCH = { apiKey: 1, apiVersion: 13, apiName: 'Fetch' } as const;
export const METADATA = { apiKey: 3, apiVersion: 12, apiName: 'Metadata' } as const;
export const LOG_DIRS = { apiKey: 35, apiVersion: 2, apiName: 'DescribeLogDirs' } as const;
/** Topics by id since 4.1, by name before. */
export const PRODUCE = { apiKey: 0, byId: 13, byName: 9, apiName: 'Produce' } as const;

const ACKS_ALL = -1;

export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface PartitionView {
  readonly id: number;
  /** -1: there is none at the moment. */
  readonly leader: number;
  readonly replicas: number;
}

export interface TopicView {
  readonly name: string;
  readonly id: string;
  /** In the order of their numbers. */
  readonly partitions: readonly PartitionView[];
}

export interface Metadata {
  readonly brokers: readonly BrokerAddress[];
  readonly controllerId: number;
  readonly topic: TopicView | null;
  readonly errorCode: number;
}

const anArray = (bytes: Buffer) => ({ encode: async () => ({ buf: bytes, buffer: bytes }) });

/** What a request of the driver consists of. */
export interface DriverRequest<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    decode(payload: Buffer): Promise<{ readonly clientSideThrottleTime: number; readonly data: T }>;
    parse(decoded: { readonly data: T }): Promise<T>;
  };
  readonly requestTimeout?: number;
}

/** Newer requests have tagged fields behind their header, which the driver does not write: they stand first here. */
export function request<T>(
  api: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string },
  body: Buffer,
  read: (reader: ByteReader) => T,
): DriverRequest<T> {
  return {
    request: { ...api, ...anArray(Buffer.concat([Buffer.from([0]), body])) },
    response: {
      decode: async (payload) => {
        const reader = new ByteReader(payload);
        reader.end();
        return { clientSideThrottleTime: 0, data: read(reader) };
      },
      parse: async ({ data }) => data,
    },
  };
}

function readTopic(reader: ByteReader): { errorCode: number; view: TopicView } {
  const errorCode = reader.int16();
  const name = reader.text() ?? '';
  const id = reader.uuid();
  reader.bool();
  const partitions = reader.array(() => {
    reader.int16();
    const partition = { id: reader.int32(), leader: reader.int32() };
    reader.int32();
    const replicas = reader.array(reader.int32).length;
    reader.array(reader.int32);
    reader.array(reader.int32);
    reader.end();
    return { ...partition, replicas };
  });
  reader.int32();
  reader.end();
  return { errorCode, view: { name, id, partitions: partitions.toSorted((a, b) => a.id - b.id) } };
}

/** Brokers, and one topic where a name is given. Never makes a topic. */
export function metadataRequest(topic: string | null): DriverRequest<Metadata> {
  const body = createWriter().array(topic === null ? 0 : 1);
  if (topic !== null) body.raw(Buffer.alloc(16)).text(topic).end();
  body.int8(0).int8(0).end();
  return request(METADATA, body.done(), (reader) => {
    reader.int32();
    const brokers = reader.array(() => {
      const broker = { nodeId: reader.int32(), host: reader.text() ?? '', port: reader.int32() };
      reader.text();
      reader.end();
      return broker;
    });
    reader.text();
    const controllerId = reader.int32();
    const [found] = reader.array(() => readTopic(reader));
    const errorCode = found?.errorCode ?? 0;
    return { brokers, controllerId, topic: errorCode === 0 ? (found?.view ?? null) : null, errorCode };
  });
}

export interface FetchAsk {
  readonly partition: number;
  readonly offset: number;
}

export interface FetchOptions {
  readonly topicId: string;
  readonly asks: readonly FetchAsk[];
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  /** Behind the last record that all copies in sync have. */
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly records: Buffer;
}

export interface Fetched {
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

const OUT_OF_SESSION = { id: 0, epoch: -1 };

function readFetched(reader: ByteReader): Fetched {
  reader.int32();
  const errorCode = reader.int16();
  reader.int32();
  const partitions = reader
    .array(() => {
      reader.uuid();
      const found = reader.array(() => {
        const head = { partition: reader.int32(), errorCode: reader.int16() };
        const highWatermark = reader.int64();
        reader.int64();
        const logStartOffset = reader.int64();
        reader.array(() => {
          reader.int64();
          reader.int64();
          reader.end();
        });
        reader.int32();
        const records = reader.bytes();
        reader.end();
        return { ...head, highWatermark, logStartOffset, records };
      });
      reader.end();
      return found;
    })
    .flat();
  return { errorCode, partitions };
}

/**
 * Asks a leader for records. The first partition that has any gives one batch at least, however large; the rest stays
 * within `maxBytes`.
 */
export function fetchRequest({ topicId, asks, maxBytes, maxWaitMs }: FetchOptions): DriverRequest<Fetched> {
  const body = createWriter()
    .int32(-1)
    .int32(maxWaitMs)
    .int32(1)
    .int32(maxBytes)
    .int8(0)
    .int32(OUT_OF_SESSION.id)
    .int32(OUT_OF_SESSION.epoch)
    .array(1)
    .raw(Buffer.from(topicId, 'hex'))
    .array(asks.length);
  for (const { partition, offset } of asks) {
    body.int32(partition).int32(-1).int64(offset).int32(-1).int64(-1).int32(maxBytes).end();
  }
  body.end().array(0).text('').end();
  return request(FETCH, body.done(), readFetched);
}

export interface LogSize {
  readonly partition: number;
  readonly sizeBytes: number;
}

/** How much of a topic's partitions one broker has on its disks; its followers' copies included. */
export function logSizesRequest(
  topic: string,
  partitions: readonly number[],
): DriverRequest<readonly LogSize[]> {
  const body = createWriter().array(1).text(topic).array(partitions.length);
  for (const partition of partitions) body.int32(partition);
  body.end().end();
  return request(LOG_DIRS, body.done(), (reader) => {
    reader.int32();
    return reader
      .array(() => {
        reader.int16();
        reader.text();
        const topics = reader.array(() => {
          reader.text();
          const sizes = reader.array(() => {
            const size = { partition: reader.int32(), sizeBytes: reader.int64() };
            reader.int64();
            reader.bool();
            reader.end();
            return size;
          });
          reader.end();
          return sizes;
        });
        reader.end();
        return topics.flat();
      })
      .flat();
  });
}

export interface ProduceTarget {
  readonly apiVersion: number;
  readonly topic: TopicView;
  readonly partition: number;
  readonly timeoutMs: number;
}

/** What stands before and after the records of a produce request, of one batch for one partition. */
export function produceFrame(target: ProduceTarget, recordBytes: number): readonly [Buffer, Buffer] {
  const { apiVersion, topic, partition, timeoutMs } = target;
  const before = createWriter().end().uvarint(0).int16(ACKS_ALL).int32(timeoutMs).array(1);
  if (apiVersion >= PRODUCE.byId) before.raw(Buffer.from(topic.id, 'hex'));
  else before.text(topic.name);
  before
    .array(1)
    .int32(partition)
    .uvarint(recordBytes + 1);
  return [before.done(), createWriter().end().end().end().done()];
}

export interface Produced {
  readonly errorCode: number;
  readonly baseOffset: number;
}

export function readProduced(payload: Buffer, apiVersion: number): Produced {
  const reader = new ByteReader(payload);
  reader.end();
  const [topic] = reader.array(() => {
    if (apiVersion >= PRODUCE.byId) reader.uuid();
    else reader.text();
    const [first] = reader.array(() => {
      reader.int32();
      const produced = { errorCode: reader.int16(), baseOffset: reader.int64() };
      reader.int64();
      reader.int64();
      reader.array(() => {
        reader.int32();
        reader.text();
        reader.end();
      });
      reader.text();
      reader.end();
      return produced;
    });
    reader.end();
    return first;
  });
  if (!topic) throw new RangeError('an answer about no partition');
  return topic;
}
