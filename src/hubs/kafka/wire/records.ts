import { isSluiceError, SluiceError } from '../../../model/sluice-error.ts';
import { ByteReader, createWriter } from './bytes.ts';
import { compress, type Compression, COMPRESSIONS, decompress } from './codecs.ts';
import { crc32c } from './crc32c.ts';

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
const HEAD_BYTES = 61;
/** Base offset and length: what stands before the length's count. */
const LENGTH_END = 12;
const CRC_AT = 17;
const CRC_END = 21;
const MAGIC = 2;
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

interface Body {
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly compression: Compression;
}

/** As it is where compression makes it no smaller: so no batch becomes larger than what a topic takes. */
async function encodeBody(records: readonly OutgoingRecord[], compression: Compression): Promise<Body> {
  const parts = records.flatMap((record, index) => recordParts(record, index));
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const plain: Body = { parts, sizeBytes, compression: 'none' };
  if (compression === 'none' || sizeBytes < LEAST_COMPRESSED_BYTES) return plain;
  const smaller = await compress(compression, Buffer.concat(parts, sizeBytes));
  return smaller.length < sizeBytes ? { parts: [smaller], sizeBytes: smaller.length, compression } : plain;
}

/**
 * A batch of records as Kafka stores it, in parts that are sent one after the other: of what is not compressed nothing is copied.
 *
 *     base offset 8 · length 4 · leader epoch 4 · magic 1 · crc 4 · attributes 2 · last delta 4 · times 8+8 ·
 *     producer 8 · epoch 2 · sequence 4 · count 4 · records, all of them compressed as the attributes say
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export async function encodeBatch(
  records: readonly OutgoingRecord[],
  { producerId, epoch, sequence }: ProducerSequence,
  compression: Compression,
): Promise<EncodedBatch> {
  const body = await encodeBody(records, compression);
  const now = Date.now();
  const head = createWriter()
    .int64(0)
    .int32(HEAD_BYTES - LENGTH_END + body.sizeBytes)
    .int32(-1)
    .int8(MAGIC)
    .int32(0)
    .int16(COMPRESSIONS.indexOf(body.compression))
    .int32(records.length - 1)
    .int64(now)
    .int64(now)
    .int64(producerId)
    .int16(epoch)
    .int32(sequence)
    .int32(records.length)
    .done();
  let crc = crc32c(head.subarray(CRC_END));
  for (const part of body.parts) crc = crc32c(part, crc);
  head.writeUInt32BE(crc, CRC_AT);
  return { parts: [head, ...body.parts], sizeBytes: head.length + body.sizeBytes };
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

export interface DecodedRecords {
  readonly records: readonly IncomingRecord[];
  /** Behind the last batch that was read; null where there is none. */
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
  readonly nextOffset: number;
}

function* wholeBatches(bytes: Buffer): Generator<FoundBatch, number> {
  let largest = 0;
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const sizeBytes = LENGTH_END + bytes.readInt32BE(at + 8);
    largest = Math.max(largest, sizeBytes);
    if (at + sizeBytes > bytes.length || sizeBytes < HEAD_BYTES) break;
    const baseOffset = Number(bytes.readBigInt64BE(at));
    const nextOffset = baseOffset + bytes.readInt32BE(at + 23) + 1;
    yield { bytes: bytes.subarray(at, at + sizeBytes), baseOffset, nextOffset };
    at += sizeBytes;
  }
  return largest;
}

/** The records of a batch as they were before they were compressed. @throws SluiceError batch.damaged */
async function bodyOf({ bytes }: FoundBatch, compression: Compression): Promise<Buffer> {
  // Neither the head nor native code is trusted with what changed on the way; 0.7 s of CPU for a gigabyte.
  if (crc32c(bytes.subarray(CRC_END)) !== bytes.readUInt32BE(CRC_AT)) {
    throw new SluiceError('batch.damaged', 'records cannot be read: their checksum differs');
  }
  const body = bytes.subarray(HEAD_BYTES);
  return compression === 'none' ? body : decompress(compression, body, MOST_DECOMPRESSED_BYTES);
}

/** @throws SluiceError batch.damaged, config.invalid */
async function readBatch(batch: FoundBatch): Promise<readonly IncomingRecord[]> {
  const { bytes, baseOffset } = batch;
  // An older format holds no message of ours.
  if (bytes.readInt8(16) !== MAGIC) return [];
  const compression = COMPRESSIONS[bytes.readInt16BE(CRC_END) & COMPRESSION];
  if (compression === undefined) throw new SluiceError('batch.damaged', 'records of an unknown compression');
  const reader = new ByteReader(await bodyOf(batch, compression));
  const records: IncomingRecord[] = [];
  try {
    for (let count = bytes.readInt32BE(57); count > 0; count -= 1)
      records.push(readRecord(reader, baseOffset, compression !== 'none'));
  } catch (cause) {
    throw new SluiceError('batch.damaged', 'records cannot be read: they end too early', { cause });
  }
  return records;
}

/**
 * Whole batches of an answer, whatever compressed them; brokers cut the last one off where the bytes asked for end.
 *
 * Stops behind the batch with which `mostBytes` are in memory, and reads one at least.
 * @throws SluiceError config.invalid where a codec cannot be had
 */
export async function decodeRecords(bytes: Buffer, mostBytes: number): Promise<DecodedRecords> {
  const records: IncomingRecord[] = [];
  const damaged: SluiceError[] = [];
  let nextOffset: number | null = null;
  let stored = 0;
  let expanded = 0;
  let largest = 0;
  const batches = wholeBatches(bytes);
  let step = batches.next();
  for (; !step.done && (nextOffset === null || expanded < mostBytes); step = batches.next()) {
    const batch: FoundBatch = step.value;
    try {
      const found = await readBatch(batch);
      records.push(...found);
      expanded += found.reduce((sum, { data }) => sum + data.length, 0);
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'batch.damaged') throw error;
      damaged.push(error);
    }
    largest = Math.max(largest, batch.bytes.length);
    stored += batch.bytes.length;
    nextOffset = batch.nextOffset;
  }
  const largestBatchBytes = Math.max(largest, step.done ? step.value : step.value.bytes.length);
  return { records, nextOffset, largestBatchBytes, expansion: Math.max(1, expanded / stored || 1), damaged };
}
