import { blockPool } from '../../../engine/driver/block-pool.ts';
import type { MessageHeader, TopicMessage } from '../../../engine/ports/topic-sink.ts';

/** What a record has besides key, value and headers: lengths, deltas, attributes; rounded up. */
const MOST_FIELD_BYTES = 32;
const NULL_KEY = 1;

export interface EncodedMessages {
  /** Of the pool of blocks, to which it may be given back. */
  readonly bytes: Buffer;
  /** Behind the last message that is in. */
  readonly to: number;
}

/** Signed 7 bits a byte, of a number that is not negative. @returns behind it */
function putLength(into: Buffer, place: number, value: number): number {
  let at = place;
  let rest = value * 2;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) into[at++] = (rest & 0x7f) | 0x80;
  into[at++] = rest;
  return at;
}

const lengthBytes = (value: number): number => {
  let bytes = 1;
  for (let rest = value * 2; rest > 0x7f; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
};

function headerBytes(headers: readonly MessageHeader[]): Buffer | null {
  if (headers.length === 0) return null;
  const parts = headers.flatMap(({ name, value }) =>
    [name, value].map((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(lengthBytes(bytes.length));
      putLength(length, 0, bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
  const count = Buffer.alloc(lengthBytes(headers.length));
  putLength(count, 0, headers.length);
  return Buffer.concat([count, ...parts]);
}

/** Of a message, its headers as bytes already. */
interface Prepared {
  readonly message: TopicMessage;
  readonly headers: Buffer | null;
}

/** @returns behind the record */
function putRecord(into: Buffer, place: number, { message, headers }: Prepared, delta: number): number {
  const { key, value } = message;
  const keyBytes = key === null ? 1 : lengthBytes(key.length) + key.length;
  const valueBytes = lengthBytes(value.length) + value.length;
  let at = putLength(into, place, 2 + lengthBytes(delta) + keyBytes + valueBytes + (headers?.length ?? 1));
  into[at++] = 0; // attributes
  into[at++] = 0; // time, as that of the batch
  at = putLength(into, at, delta);
  if (key === null) into[at++] = NULL_KEY;
  else {
    at = putLength(into, at, key.length);
    at += key.copy(into, at);
  }
  at = putLength(into, at, value.length);
  at += value.copy(into, at);
  if (headers === null) into[at++] = 0;
  else at += headers.copy(into, at);
  return at;
}

/**
 * Messages from a place on as records of one batch, as many as `mostBytes` hold and one at least.
 *
 *     length · attributes 1 · time delta · offset delta · key length · key · value length · value · headers
 */
export function encodeMessages(
  messages: readonly TopicMessage[],
  from: number,
  mostBytes: number,
): EncodedMessages {
  const prepared: Prepared[] = [];
  let roomBytes = 0;
  let to = from;
  for (; to < messages.length; to += 1) {
    const message = messages[to] as TopicMessage;
    const headers = headerBytes(message.headers);
    const bytes =
      MOST_FIELD_BYTES + (message.key?.length ?? 0) + message.value.length + (headers?.length ?? 0);
    if (to > from && roomBytes + bytes > mostBytes) break;
    prepared.push({ message, headers });
    roomBytes += bytes;
  }
  const into = blockPool.take(roomBytes);
  let at = 0;
  for (const [delta, record] of prepared.entries()) at = putRecord(into, at, record, delta);
  return { bytes: into.subarray(0, at), to };
}
