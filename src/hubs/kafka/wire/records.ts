import { crc32 } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import { ByteReader, createWriter } from './bytes.ts';
import { compress, type Compression, COMPRESSIONS, decompress } from './codecs.ts';

/** One message of ours as a record: what HubMessage has besides the data travels in the record's headers. */
export interface OutgoingRecord {
  readonly id: string;
  readonly ordinal: number;
  readonly header: string;
  readonly data: Uint8Array;
}

export interface IncomingRecord {
  readonly offset: number;
  readonly id: string;
  readonly ordinal: number;
  readonly header: string;
  /** A view of the answer's memory, or of memory of its own where it was compressed. */
  readonly data: Buffer;
  readonly isCopy: boolean;
}

/** Who sends: the broker stores a sequence of a producer once. -1: any number of times. */
export interface ProducerSequence {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
}

const ID = 'id';
const ORDINAL = 'o';
const HEADER = 'h';
export const HEAD_BYTES = 61;
/** Base offset and length: what stands before the length's count. */
const LENGTH_END = 12;
const CRC_AT = 17;
const CRC_END = 21;
const LAST_DELTA_AT = 23;
const MAGIC_AT = 16;
const MAGIC = 2;
/** Where formats before 2 have the checksum of what is behind it; each entry of theirs is a message or a set of them. */
const OLDER_CRC_AT = 12;
/** The bits of `attributes` that name a compression. */
const COMPRESSION = 0x07;

/** Room for the head of a batch, the fields of one record and their lengths; id and header aside. */
export const RECORD_OVERHEAD_BYTES = 160;

function headersOf({ id, ordinal, header }: OutgoingRecord): Buffer {
  const writer = createWriter().varint(3);
  for (const [key, value] of [
    [ID, id],
    [ORDINAL, String(ordinal)],
    [HEADER, header],
  ] as const) {
    const bytes = Buffer.from(value, 'utf8');
    writer.varint(key.length).raw(Buffer.from(key)).varint(bytes.length).raw(bytes);
  }
  return writer.done();
}

/** What stands before and after the value of a record. */
function recordParts(record: OutgoingRecord, offsetDelta: number): readonly Uint8Array[] {
  const headers = headersOf(record);
  const size = record.data.length;
  const fields = createWriter().int8(0).varint(0).varint(offsetDelta).varint(-1).varint(size).done();
  const length = createWriter()
    .varint(fields.length + size + headers.length)
    .done();
  return [length, fields, record.data, headers];
}

/** Smaller ones are not worth it. */
const LEAST_COMPRESSED_BYTES = 1024;

/** What is sent of a batch: the same bytes at every try. */
export interface EncodedBatch {
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
}

export interface Body {
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly compression: Compression;
}

/** As it is where compression makes it no smaller: so no batch becomes larger than what a topic takes. */
export async function encodeBody(parts: readonly Uint8Array[], compression: Compression): Promise<Body> {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const plain: Body = { parts, sizeBytes, compression: 'none' };
  if (compression === 'none' || sizeBytes < LEAST_COMPRESSED_BYTES) return plain;
  const smaller = await compress(compression, Buffer.concat(parts, sizeBytes));
  return smaller.length < sizeBytes ? { parts: [smaller], sizeBytes: smaller.length, compression } : plain;
}

/** Visible to readers of what is committed once the producer's transaction is. */
const TRANSACTIONAL = 0x10;

export interface BatchOptions extends ProducerSequence {
  readonly records: number;
  readonly transactional?: boolean;
}

/**
 * A batch of records as Kafka stores it, in parts that are sent one after the other: of what is not compressed nothing is copied.
 *
 *     base offset 8 · length 4 · leader epoch 4 · magic 1 · crc 4 · attributes 2 · last delta 4 · times 8+8 ·
 *     producer 8 · epoch 2 · sequence 4 · count 4 · records, all of them compressed as the attributes say
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function frameBatch(
  body: Body,
  { records, producerId, epoch, sequence, transactional = false }: BatchOptions,
): EncodedBatch {
  const now = Date.now();
  const head = createWriter()
    .int64(0)
    .int32(HEAD_BYTES - LENGTH_END + body.sizeBytes)
    .int32(-1)
    .int8(MAGIC)
    .int32(0)
    .int16(COMPRESSIONS.indexOf(body.compression) | (transactional ? TRANSACTIONAL : 0))
    .int32(records - 1)
    .int64(now)
    .int64(now)
    .int64(producerId)
    .int16(epoch)
    .int32(sequence)
    .int32(records)
    .done();
  let crc = crc32c(head.subarray(CRC_END));
  for (const part of body.parts) crc = crc32c(part, crc);
  head.writeUInt32BE(crc, CRC_AT);
  return { parts: [head, ...body.parts], sizeBytes: head.length + body.sizeBytes };
}

/** Messages of ours as a batch; see frameBatch. */
export async function encodeBatch(
  records: readonly OutgoingRecord[],
  producer: ProducerSequence,
  compression: Compression,
): Promise<EncodedBatch> {
  const parts = records.flatMap((record, index) => recordParts(record, index));
  const body = await encodeBody(parts, compression);
  return frameBatch(body, { ...producer, records: records.length });
}

function readRecord(reader: ByteReader, baseOffset: number, isCopy: boolean): IncomingRecord {
  const end = reader.varint() + reader.at;
  reader.int8();
  reader.skipVarlong();
  const offset = baseOffset + reader.varint();
  const keyBytes = reader.varint();
  if (keyBytes > 0) reader.raw(keyBytes);
  const data = reader.raw(Math.max(0, reader.varint()));
  const found = new Map<string, string>();
  for (let count = reader.varint(); count > 0; count -= 1) {
    const key = reader.raw(reader.varint()).toString('utf8');
    found.set(key, reader.raw(Math.max(0, reader.varint())).toString('utf8'));
  }
  if (reader.at < end) reader.raw(end - reader.at);
  const ordinal = Number(found.get(ORDINAL) ?? 0);
  return { offset, id: found.get(ID) ?? '', ordinal, header: found.get(HEADER) ?? '', data, isCopy };
}

/** What an answer may hold: each head says its own place, under no checksum. */
export interface Asked {
  readonly from: number;
  /** The high watermark of the answer. */
  readonly end: number;
}

export interface DecodedRecords {
  readonly records: readonly IncomingRecord[];
  /**
   * Behind the last batch that was read, and one further where what follows is damaged, for nobody knows how many messages it
   * had; never beyond what was asked. Null where there is no whole batch.
   */
  readonly nextOffset: number | null;
  /** Bytes of the largest whole batch, or what is known of one that was cut off. */
  readonly largestBatchBytes: number;
  /** How many times as large as they lay in the topic the batches are in memory; 1 where nothing was compressed. */
  readonly expansion: number;
  /** What cannot be read: batch.damaged each. */
  readonly damaged: readonly SluiceError[];
}

/** The largest message and what shares its batch; estimates of what a batch becomes are up to twice as high. */
const MOST_DECOMPRESSED_BYTES = 128 * 1024 * 1024;

interface FoundBatch {
  /** Whole, its head included. */
  readonly bytes: Buffer;
  readonly baseOffset: number;
  /** As the head says. */
  readonly nextOffset: number;
}

const isOlder = (bytes: Buffer): boolean => bytes[MAGIC_AT] === 0 || bytes[MAGIC_AT] === 1;

function wholeBatches(bytes: Buffer): { readonly batches: readonly FoundBatch[]; readonly largest: number } {
  const batches: FoundBatch[] = [];
  let largest = 0;
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const sizeBytes = LENGTH_END + bytes.readInt32BE(at + 8);
    largest = Math.max(largest, sizeBytes);
    if (at + sizeBytes > bytes.length || sizeBytes < HEAD_BYTES) break;
    const batch = bytes.subarray(at, at + sizeBytes);
    const baseOffset = Number(batch.readBigInt64BE(0));
    const lastDelta = isOlder(batch) ? 0 : batch.readInt32BE(LAST_DELTA_AT);
    batches.push({ bytes: batch, baseOffset, nextOffset: baseOffset + lastDelta + 1 });
    at += sizeBytes;
  }
  return { batches, largest };
}

/** Neither the head nor native code is trusted with what changed on the way; 0.2 s of CPU for a gigabyte. */
function checkSum(bytes: Buffer): void {
  const isRight = isOlder(bytes)
    ? crc32(bytes.subarray(MAGIC_AT)) === bytes.readUInt32BE(OLDER_CRC_AT)
    : crc32c(bytes.subarray(CRC_END)) === bytes.readUInt32BE(CRC_AT);
  if (!isRight) throw new SluiceError('batch.damaged', 'records cannot be read: their checksum differs');
}

/** @throws SluiceError batch.damaged, config.invalid */
async function readBatch(batch: FoundBatch): Promise<readonly IncomingRecord[]> {
  const { bytes, baseOffset, nextOffset } = batch;
  checkSum(bytes);
  // An older format holds no message of ours.
  if (isOlder(bytes)) return [];
  const compression = COMPRESSIONS[bytes.readInt16BE(CRC_END) & COMPRESSION];
  if (bytes[MAGIC_AT] !== MAGIC || compression === undefined)
    throw new SluiceError('batch.damaged', 'records of an unknown format or compression');
  const body = bytes.subarray(HEAD_BYTES);
  const isPlain = compression === 'none';
  const reader = new ByteReader(
    isPlain ? body : await decompress(compression, body, MOST_DECOMPRESSED_BYTES),
  );
  const records: IncomingRecord[] = [];
  try {
    for (let count = bytes.readInt32BE(57); count > 0; count -= 1)
      records.push(readRecord(reader, baseOffset, !isPlain));
  } catch (cause) {
    throw new SluiceError('batch.damaged', 'records cannot be read: they end too early', { cause });
  }
  if (records.some(({ offset }) => offset < baseOffset || offset >= nextOffset))
    throw new SluiceError(
      'batch.damaged',
      'records cannot be read: they are at places that their batch has not',
    );
  return records;
}

interface Place {
  /** Behind what was read before. */
  readonly at: number;
  readonly isFirst: boolean;
  /** Where the next batch begins, or the high watermark. */
  readonly limit: number;
}

/** @throws SluiceError batch.damaged where a batch, whatever its checksum, cannot be at the place that its head says */
function checkPlace({ baseOffset, nextOffset }: FoundBatch, { at, isFirst, limit }: Place): void {
  // Just where it is expected. No limit then: a broker takes the high watermark before it reads.
  if (baseOffset === at && nextOffset > at) return;
  // What was asked for may lie within the first; else there is a gap, as where records were compacted.
  const isBehind = isFirst ? nextOffset > at : baseOffset >= at;
  if (!isBehind || nextOffset <= baseOffset || nextOffset > limit)
    throw new SluiceError('batch.damaged', 'records cannot be read: they are not where they were asked for');
}

/**
 * Whole batches of an answer, whatever compressed them; brokers cut the last one off where the bytes asked for end.
 *
 * Stops behind the batch with which `mostBytes` are in memory, and reads one at least.
 * @throws SluiceError config.invalid where a codec cannot be had
 */
export async function decodeRecords(
  bytes: Buffer,
  mostBytes: number,
  { from, end }: Asked,
): Promise<DecodedRecords> {
  const records: IncomingRecord[] = [];
  const damaged: SluiceError[] = [];
  let at = from;
  let nextOffset: number | null = null;
  let stored = 0;
  let expanded = 0;
  const { batches, largest } = wholeBatches(bytes);
  for (const [index, batch] of batches.entries()) {
    if (nextOffset !== null && expanded >= mostBytes) break;
    stored += batch.bytes.length;
    try {
      checkPlace(batch, {
        at,
        isFirst: index === 0,
        limit: Math.min(end, batches[index + 1]?.baseOffset ?? end),
      });
      const found = await readBatch(batch);
      records.push(...found);
      expanded += found.reduce((sum, { data }) => sum + data.length, 0);
      at = batch.nextOffset;
      nextOffset = at;
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'batch.damaged') throw error;
      damaged.push(error);
      // However many are damaged: one that follows and is whole says where it begins.
      nextOffset = at < end ? at + 1 : at;
    }
  }
  return {
    records,
    nextOffset,
    largestBatchBytes: largest,
    expansion: Math.max(1, expanded / stored || 1),
    damaged,
  };
}
