import { ByteReader, createWriter } from './bytes.ts';
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
  /** A view of the answer's memory. */
  readonly data: Buffer;
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

/**
 * A batch of records as Kafka stores it, in parts that are sent one after the other: nothing of the data is copied.
 *
 *     base offset 8 · length 4 · leader epoch 4 · magic 1 · crc 4 · attributes 2 · last delta 4 · times 8+8 ·
 *     producer 8 · epoch 2 · sequence 4 · count 4 · records
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function encodeBatch(
  records: readonly OutgoingRecord[],
  { producerId, epoch, sequence }: ProducerSequence,
): { readonly parts: readonly Uint8Array[]; readonly sizeBytes: number } {
  const body = records.flatMap((record, index) => recordParts(record, index));
  const bodyBytes = body.reduce((sum, part) => sum + part.length, 0);
  const now = Date.now();
  const head = createWriter()
    .int64(0)
    .int32(HEAD_BYTES - LENGTH_END + bodyBytes)
    .int32(-1)
    .int8(MAGIC)
    .int32(0)
    .int16(0)
    .int32(records.length - 1)
    .int64(now)
    .int64(now)
    .int64(producerId)
    .int16(epoch)
    .int32(sequence)
    .int32(records.length)
    .done();
  let crc = crc32c(head.subarray(CRC_END));
  for (const part of body) crc = crc32c(part, crc);
  head.writeUInt32BE(crc, CRC_AT);
  return { parts: [head, ...body], sizeBytes: head.length + bodyBytes };
}

function readRecord(reader: ByteReader, baseOffset: number): IncomingRecord {
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
  return { offset, id: found.get(ID) ?? '', ordinal, header: found.get(HEADER) ?? '', data };
}

export interface DecodedRecords {
  readonly records: readonly IncomingRecord[];
  /** Behind the last whole batch; null where there is none. */
  readonly nextOffset: number | null;
  /** Bytes of the largest whole batch, or what is known of one that was cut off. */
  readonly largestBatchBytes: number;
}

/**
 * All whole batches of an answer; brokers cut the last one off where the bytes asked for end.
 *
 * What is no batch of ours, a compressed one or an older format, is passed over: it holds no message of ours.
 */
export function decodeRecords(bytes: Buffer): DecodedRecords {
  const records: IncomingRecord[] = [];
  let nextOffset: number | null = null;
  let largestBatchBytes = 0;
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const sizeBytes = LENGTH_END + bytes.readInt32BE(at + 8);
    largestBatchBytes = Math.max(largestBatchBytes, sizeBytes);
    if (at + sizeBytes > bytes.length) break;
    const baseOffset = Number(bytes.readBigInt64BE(at));
    nextOffset = baseOffset + bytes.readInt32BE(at + 23) + 1;
    const isOurs = bytes.readInt8(at + 16) === MAGIC && (bytes.readInt16BE(at + 21) & COMPRESSION) === 0;
    const reader = new ByteReader(bytes.subarray(0, at + sizeBytes), at + HEAD_BYTES);
    if (isOurs)
      for (let count = bytes.readInt32BE(at + 57); count > 0; count -= 1)
        records.push(readRecord(reader, baseOffset));
    at += sizeBytes;
  }
  return { records, nextOffset, largestBatchBytes };
}
