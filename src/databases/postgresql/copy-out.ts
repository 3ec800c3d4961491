import type { Duplex } from 'node:stream';
import { blockPool } from '../../engine/driver/block-pool.ts';
import { READ_BYTES, takeReads } from '../../engine/driver/reading-socket.ts';
import { rowTooLarge } from '../../engine/reading/largest-row.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import type { Wire, WireQuery } from './pool.ts';

/** How rows are cut out of what COPY TO STDOUT sends. */
export interface CutOptions {
  readonly binary: boolean;
  /** Text cells before the columns of the plan that hold the position and do not travel. */
  readonly hiddenCells: number;
  /** SQL types of the position when it stands in the first columns of the plan itself. */
  readonly positionTypes: readonly string[];
  readonly blockBytes: number;
  readonly blockRows: number;
  readonly mostRowBytes: number;
}

const HEADER_BYTES = 5; // one byte of kind, four of length
const KIND_COPY_DATA = 0x64; // d
const KIND_COPY_OUT_RESPONSE = 0x48; // H
const ASYNCHRONOUS = new Set([0x4e, 0x53, 0x41]); // N notice, S parameter status, A notification
const BINARY_HEADER_BYTES = 19; // signature 11, flags 4, length of extension 4
const TAB = 0x09;
const BACKSLASH = 0x5c;
const FIRST_CAPACITY = 256 * 1024;

/**
 * Cuts rows into blocks. The protocol promises that each CopyData message of a server is exactly one row, so rows are
 * found by the framing and no byte of theirs is looked at. The five bytes between rows are closed up inside the chunk
 * that the socket gave, then the chunk is copied once into the block.
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export class RowCutter {
  readonly #options: CutOptions;
  readonly #ready: RowBlock[] = [];
  #block: Buffer = Buffer.alloc(0);
  #capacity = FIRST_CAPACITY;
  #length = 0;
  #rows = 0;
  #lastRow = 0;
  #firstPosition: Position | null = null;
  #lastHidden: Buffer = Buffer.alloc(0);
  #partialHeader: Buffer = Buffer.alloc(0);
  /** Bytes of the body of the message being read that are still to come. */
  #missing = 0;
  #kind = 0;
  /** The start of a message that must be seen whole and whose end is still to come. */
  #held: Buffer[] | null = null;
  #binaryHeaderSeen = false;

  /** A block that one chunk of a socket overshoots. */
  readonly #usualCapacity: number;

  constructor(options: CutOptions) {
    this.#options = options;
    this.#usualCapacity = Math.max(FIRST_CAPACITY, options.blockBytes + READ_BYTES);
  }

  get ready(): readonly RowBlock[] {
    return this.#ready;
  }

  take(): RowBlock | undefined {
    return this.#ready.shift();
  }

  /**
   * @returns the bytes from the first message on that is none of COPY's; null while COPY goes on. Changes the chunk.
   * @throws SluiceError source.row_too_large; nothing can be pushed any more then
   */
  push(bytes: Buffer): Buffer | null {
    const chunk = this.#partialHeader.length === 0 ? bytes : Buffer.concat([this.#partialHeader, bytes]);
    this.#partialHeader = Buffer.alloc(0);
    let read = 0;
    let start = 0; // of what is closed up and not yet in the block
    let write = 0;
    while (read < chunk.length) {
      if (this.#missing > 0) {
        const take = Math.min(this.#missing, chunk.length - read);
        if (this.#held) this.#held.push(Buffer.from(chunk.subarray(read, read + take)));
        else if (this.#kind === KIND_COPY_DATA) {
          if (write !== read) chunk.copyWithin(write, read, read + take);
          write += take;
        }
        read += take;
        this.#missing -= take;
        if (this.#missing > 0) break;
        if (this.#held) this.#endHeld();
        else if (this.#kind === KIND_COPY_DATA && this.#isBlockFull(write - start)) {
          this.#append(chunk, start, write);
          this.#flush();
          start = write = read;
        }
        continue;
      }
      if (chunk.length - read < HEADER_BYTES) {
        this.#partialHeader = Buffer.from(chunk.subarray(read));
        break;
      }
      this.#kind = chunk[read]!;
      if (!this.#belongsToCopy()) {
        this.#append(chunk, start, write);
        this.#flush();
        return chunk.subarray(read);
      }
      this.#missing = chunk.readUInt32BE(read + 1) - 4;
      read += HEADER_BYTES;
      if (this.#kind === KIND_COPY_DATA) {
        // Invariant 12: its length is known before the row is here.
        if (this.#missing > this.#options.mostRowBytes)
          throw rowTooLarge(this.#missing, this.#options.mostRowBytes);
        if (this.#mustBeWhole()) {
          this.#append(chunk, start, write);
          start = write;
          this.#held = [];
        } else this.#lastRow = this.#length + (write - start);
      }
    }
    this.#append(chunk, start, write);
    return null;
  }

  #belongsToCopy(): boolean {
    return (
      this.#kind === KIND_COPY_DATA || this.#kind === KIND_COPY_OUT_RESPONSE || ASYNCHRONOUS.has(this.#kind)
    );
  }

  #mustBeWhole(): boolean {
    if (this.#options.hiddenCells > 0) return true;
    // The first message has the file header before its row, and a message of two bytes is the trailer.
    return this.#options.binary && (!this.#binaryHeaderSeen || this.#missing === 2);
  }

  /** Counts the row that just ended. */
  #isBlockFull(pending: number): boolean {
    this.#rows += 1;
    return this.#length + pending >= this.#options.blockBytes || this.#rows >= this.#options.blockRows;
  }

  #endHeld(): void {
    let body = this.#held!.length === 1 ? this.#held![0]! : Buffer.concat(this.#held!);
    this.#held = null;
    if (this.#options.binary && !this.#binaryHeaderSeen) {
      this.#binaryHeaderSeen = true;
      body = body.subarray(BINARY_HEADER_BYTES + body.readUInt32BE(BINARY_HEADER_BYTES - 4));
    }
    // Nothing after the header, or the trailer: a field count of -1.
    if (this.#options.binary && (body.length === 0 || body.readInt16BE(0) === -1)) return;
    const row = this.#options.hiddenCells === 0 ? body : this.#withoutHidden(body);
    this.#lastRow = this.#length;
    this.#append(row, 0, row.length);
    if (this.#isBlockFull(0)) this.#flush();
  }

  /** Cuts the hidden cells off a row and keeps them as its position. */
  #withoutHidden(body: Buffer): Buffer {
    const { binary, hiddenCells } = this.#options;
    let at = binary ? 2 : 0;
    for (let cell = 0; cell < hiddenCells; cell += 1) {
      at = binary ? at + 4 + Math.max(0, body.readInt32BE(at)) : body.indexOf(TAB, at) + 1;
    }
    this.#lastHidden = body.subarray(0, at);
    this.#firstPosition ??= this.#positionAt(this.#lastHidden);
    if (!binary) return body.subarray(at);
    this.#lastHidden = Buffer.from(this.#lastHidden); // the new field count is written over its end
    body.writeInt16BE(body.readInt16BE(0) - hiddenCells, at - 2);
    return body.subarray(at - 2);
  }

  #append(from: Buffer, start: number, end: number): void {
    if (start === end) return;
    const needed = this.#length + end - start;
    if (needed > this.#block.length) this.#grow(needed);
    this.#block.set(from.subarray(start, end), this.#length);
    this.#length = needed;
  }

  #grow(needed: number): void {
    while (this.#capacity < needed) this.#capacity *= 2;
    if (needed <= this.#usualCapacity) this.#capacity = Math.min(this.#capacity, this.#usualCapacity);
    const next = blockPool.take(this.#capacity);
    next.set(this.#block.subarray(0, this.#length));
    blockPool.give(this.#block);
    this.#block = next;
  }

  #flush(): void {
    if (this.#rows === 0) return;
    const raw = this.#block.subarray(0, this.#length);
    const hidden = this.#options.hiddenCells > 0;
    const first = hidden ? this.#firstPosition! : this.#positionAt(raw);
    const last = this.#positionAt(hidden ? this.#lastHidden : raw.subarray(this.#lastRow));
    const data = this.#options.binary ? raw : withRawTabs(raw);
    this.#ready.push({ rows: this.#rows, data, first, last });
    // The next block is as large as this one was: no growing by steps in the middle of a big table.
    this.#capacity = Math.min(this.#block.length, this.#usualCapacity);
    this.#block = Buffer.alloc(0);
    this.#length = 0;
    this.#rows = 0;
    this.#lastRow = 0;
    this.#firstPosition = null;
  }

  #positionAt(row: Buffer): Position {
    const { binary, hiddenCells, positionTypes } = this.#options;
    if (hiddenCells > 0)
      return binary ? binaryCells(row, Array(hiddenCells).fill('text')) : textCells(row, hiddenCells);
    return binary ? binaryCells(row, positionTypes) : textCells(row, positionTypes.length);
  }
}

/**
 * COPY escapes vertical tab and form feed; other loaders read these two escapes as the letters v and f, so the bytes
 * themselves travel. Both are rare: a block without them is only searched.
 */
export function withRawTabs(data: Buffer): Buffer {
  const found = [...escapesOf(data, 'v'), ...escapesOf(data, 'f')].sort((a, b) => a - b);
  if (found.length === 0) return data;
  let write = found[0]!;
  for (const [index, at] of found.entries()) {
    data[write] = data[at + 1] === 0x76 ? 0x0b : 0x0c;
    const end = found[index + 1] ?? data.length;
    data.copyWithin(write + 1, at + 2, end);
    write += 1 + end - (at + 2);
  }
  return data.subarray(0, write);
}

/** Places of the escape `\letter`; not those of an escaped backslash before the letter. */
function escapesOf(data: Buffer, letter: 'v' | 'f'): number[] {
  const escape = Buffer.from(`\\${letter}`);
  const found: number[] = [];
  for (let at = data.indexOf(escape); at !== -1; at = data.indexOf(escape, at + 2)) {
    let before = at;
    while (before > 0 && data[before - 1] === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 0) found.push(at);
  }
  return found;
}

const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The first cells of a row in COPY's text format; key columns are never NULL. */
function textCells(row: Buffer, count: number): Position {
  const cells: string[] = [];
  let at = 0;
  for (let cell = 0; cell < count; cell += 1) {
    let end = at;
    while (end < row.length && row[end] !== TAB && row[end] !== 0x0a) end += 1;
    cells.push(
      row.toString('utf8', at, end).replaceAll(/\\(.)/gs, (_, letter: string) => UNESCAPED[letter] ?? letter),
    );
    at = end + 1;
  }
  return cells;
}

function binaryCells(row: Buffer, types: readonly string[]): Position {
  let at = 2;
  return types.map((type) => {
    const length = row.readInt32BE(at);
    const cell = row.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return binaryPosition(type)!(cell);
  });
}

const DECODERS: Readonly<Record<string, (cell: Buffer) => string>> = {
  smallint: (cell) => String(cell.readInt16BE()),
  integer: (cell) => String(cell.readInt32BE()),
  bigint: (cell) => String(cell.readBigInt64BE()),
  oid: (cell) => String(cell.readUInt32BE()),
  text: (cell) => cell.toString('utf8'),
  uuid: (cell) => cell.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  bytea: (cell) => `\\x${cell.toString('hex')}`,
};

/** How a key cell of binary rows becomes its text; null: the reader selects the text beside it. */
export function binaryPosition(type: string): ((cell: Buffer) => string) | null {
  const base = /^character varying(\(\d+\))?$/.test(type) ? 'text' : type;
  return (Object.hasOwn(DECODERS, base) ? DECODERS[base] : undefined) ?? null;
}

/** COPY TO STDOUT as blocks. Takes the socket from the driver while rows come, and pauses it while a block waits. */
export class CopyOut implements WireQuery {
  readonly #text: string;
  readonly #cutter: RowCutter;
  #stream: Duplex | null = null;
  #handBack: (rest: Buffer) => void = () => undefined;
  #error: unknown = null;
  #done = false;
  #wake: (() => void) | null = null;

  constructor(text: string, options: CutOptions) {
    this.#text = text;
    this.#cutter = new RowCutter(options);
  }

  submit(wire: Wire): void {
    this.#stream = wire.stream;
    this.#handBack = takeReads(wire.stream, this.#onData);
    wire.query(this.#text);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#error !== null) return; // the reader closes the connection
    let rest: Buffer | null;
    try {
      rest = this.#cutter.push(chunk);
    } catch (error) {
      this.handleError(error);
      return;
    }
    if (rest) this.#handBack(rest);
    else if (this.#cutter.ready.length > 0) this.#stream?.pause();
    if (this.#cutter.ready.length > 0) this.#wake?.();
  };

  /** The next block; null at the end. Throws the driver's error. */
  async next(): Promise<RowBlock | null> {
    for (;;) {
      const block = this.#cutter.take();
      if (block) {
        if (this.#cutter.ready.length === 0) this.#stream?.resume();
        return block;
      }
      if (this.#error !== null) throw this.#error;
      if (this.#done) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  handleError(error: unknown): void {
    this.#error = error ?? new Error('COPY failed');
    this.#wake?.();
  }

  handleReadyForQuery(): void {
    this.#done = true;
    this.#wake?.();
  }

  handleCommandComplete(): void {}
}
