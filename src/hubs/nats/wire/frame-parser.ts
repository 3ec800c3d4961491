import { Kind, type ParserEvent } from 'nats/lib/nats-base-client/internal_mod.js';
import type { BlockPool } from '../../../engine/driver/block-pool.ts';

const LF = 0x0a;
const SPACE = 0x20;
const MOST_LINE_BYTES = 1024 * 1024; // an INFO of a large cluster has a few KiB
const LINE_END_BYTES = 2;

/** A message whose payload is being read. */
interface Arriving {
  readonly subject: Uint8Array;
  readonly reply: Uint8Array | undefined;
  readonly sid: number;
  readonly headerBytes: number;
  readonly sizeBytes: number;
  readonly buffer: Buffer;
}

/**
 * Cuts what a NATS server sends into the driver's parser events, from chunks that are valid during the call only.
 * Each payload is copied once, into a buffer of its exact size, a large one into one of the pool: the driver's own parser
 * doubles a buffer as the payload grows.
 * @see https://docs.nats.io/reference/reference-protocols/nats-protocol
 */
export class FrameParser {
  readonly #pool: BlockPool;
  readonly #push: (event: ParserEvent) => void;
  #line: Buffer = Buffer.alloc(0);
  #arriving: Arriving | null = null;
  #filled = 0;
  #skip = 0;

  constructor(pool: BlockPool, push: (event: ParserEvent) => void) {
    this.#pool = pool;
    this.#push = push;
  }

  /** @throws Error on what no NATS server sends; the connection is of no use then */
  parse(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#arriving) at = this.#fill(this.#arriving, chunk, at);
      else if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
      } else at = this.#readLine(chunk, at);
    }
  }

  #fill(arriving: Arriving, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + arriving.sizeBytes - this.#filled);
    arriving.buffer.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === arriving.sizeBytes) this.#deliver(arriving);
    return end;
  }

  #deliver({ subject, reply, sid, headerBytes, sizeBytes, buffer }: Arriving): void {
    this.#arriving = null;
    this.#skip = LINE_END_BYTES;
    const msg = { subject, ...(reply && { reply }), sid, hdr: headerBytes, size: sizeBytes };
    this.#push({ kind: Kind.MSG, msg, data: buffer.subarray(0, sizeBytes) });
  }

  #readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(LF, at);
    const piece = chunk.subarray(at, end === -1 ? chunk.length : end);
    if (this.#line.length + piece.length > MOST_LINE_BYTES) throw new Error('a line without an end');
    if (end === -1) {
      this.#line = Buffer.concat([this.#line, piece]);
      return chunk.length;
    }
    const line = this.#line.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#line, piece]);
    this.#line = Buffer.alloc(0);
    this.#understand(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
    return end + 1;
  }

  #understand(line: Buffer): void {
    const space = line.indexOf(SPACE);
    const operation = line.toString('latin1', 0, space === -1 ? line.length : space);
    const rest = line.subarray(operation.length + 1);
    if (operation === 'HMSG' || operation === 'MSG') this.#begin(operation, rest);
    else if (operation === 'PING') this.#push({ kind: Kind.PING });
    else if (operation === 'PONG') this.#push({ kind: Kind.PONG });
    else if (operation === 'INFO') this.#push({ kind: Kind.INFO, data: rest });
    else if (operation === '-ERR') this.#push({ kind: Kind.ERR, data: rest });
    else if (operation === '+OK') this.#push({ kind: Kind.OK });
    else throw new Error('an unknown operation');
  }

  /** `HMSG subject sid [reply] header total` and `MSG subject sid [reply] total`. */
  #begin(operation: 'HMSG' | 'MSG', args: Buffer): void {
    const words = args
      .toString('latin1')
      .trim()
      .split(/[ \t]+/);
    const sizeBytes = Number(words.pop());
    const headerBytes = operation === 'HMSG' ? Number(words.pop()) : -1;
    const [subject, sid, reply] = words;
    if (subject === undefined || ![sizeBytes, headerBytes, Number(sid)].every(Number.isSafeInteger)) {
      throw new Error('a message without its sizes');
    }
    this.#filled = 0;
    this.#arriving = {
      subject: Buffer.from(subject, 'latin1'), // any bytes survive this way
      reply: reply === undefined ? undefined : Buffer.from(reply, 'latin1'),
      sid: Number(sid),
      headerBytes,
      sizeBytes,
      buffer: this.#pool.take(sizeBytes),
    };
    if (sizeBytes === 0) this.#deliver(this.#arriving);
  }
}
