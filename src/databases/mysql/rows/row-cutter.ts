import { blockPool } from '../../../engine/driver/block-pool.ts';
import type { Position, RowBlock } from '../../../model/row-block.ts';
import { rowTooLarge } from '../../../engine/reading/largest-row.ts';
import { READ_BYTES } from '../../../engine/driver/reading-socket.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { FULL_FRAME_BYTES } from '../connections/wire.ts';
import {
  type CellKind,
  encodeRow,
  type Filling,
  fillingOf,
  type Reading,
  readingOf,
  textCells,
} from './encode-row.ts';

/** How rows are cut out of the answer to a SELECT. */
export interface CutOptions {
  /** Of the columns of the plan, in their order. */
  readonly kinds: readonly CellKind[];
  /** Columns of the plan that hold the position; null: a hash before them does, which does not travel. */
  readonly positionCells: number | null;
  /** Rows with this hash that an earlier block has: they are passed over. */
  readonly after: { readonly hash: string; readonly count: number } | null;
  readonly blockBytes: number;
  readonly blockRows: number;
  /** A longer row is not read to its end. */
  readonly mostRowBytes: number;
}

const HEADER_BYTES = 4;
/** Of the frame whose header is at a place. */
const frameBytes = (chunk: Buffer, at: number): number =>
  chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16);
const FIRST_CAPACITY = 256 * 1024;
const ERROR = 0xff;
const END = 0xfe;
/** An end has at most so many bytes; a row that begins with the same byte has a cell of 16 MB. */
const MOST_END_BYTES = 9;
const HASH_LETTERS = 32;

const NOTHING = fillingOf(Buffer.alloc(0), 0);

/**
 * Cuts rows into blocks. One packet of a server is one row of cells with their lengths; a row goes from what the socket gave
 * into the block at once, as text-rows.
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html
 */
export class RowCutter {
  readonly #options: CutOptions;
  readonly #ready: RowBlock[] = [];
  #block: Filling = NOTHING;
  #capacity = FIRST_CAPACITY;
  #rows = 0;
  #lastRow = 0;
  /** Of the first and the last row of the block, where it is no cell of theirs. */
  #firstHash: Position | null = null;
  #hash: { readonly text: string; count: number };
  /** The start of a frame whose end is still to come. */
  #partial: Buffer = Buffer.alloc(0);
  #partialLength = 0;
  /** Full frames of a packet that goes on. */
  #frames: Buffer[] = [];
  /** Packets before the rows: the number of columns, their definitions, an end. -1: not known yet. */
  #heads = -1;
  readonly #usualCapacity: number;
  #failure: SluiceError | null = null;

  constructor(options: CutOptions) {
    this.#options = options;
    this.#usualCapacity = Math.max(FIRST_CAPACITY, options.blockBytes + 2 * READ_BYTES);
    this.#hash = { text: options.after?.hash ?? '', count: 0 };
  }

  /** Of a row that could not be named or is too long: nothing behind it may be used. */
  get failure(): SluiceError | null {
    return this.#failure;
  }

  get ready(): readonly RowBlock[] {
    return this.#ready;
  }

  take(): RowBlock | undefined {
    return this.#ready.shift();
  }

  /** @returns the packet that ends the answer, and all behind it; null while rows come. */
  push(chunk: Buffer): Buffer | null {
    const reading = readingOf(chunk);
    let at = 0;
    while (at < chunk.length) {
      if (this.#partialLength > 0 || !this.#isWhole(chunk, at)) {
        at += this.#keep(chunk, at);
        const whole = this.#isWhole(this.#partial.subarray(0, this.#partialLength), 0);
        if (!whole) continue;
        const frame = this.#partial.subarray(0, this.#partialLength);
        this.#partialLength = 0;
        if (this.#takeFrame(readingOf(frame), HEADER_BYTES, frame.length))
          return Buffer.concat([frame, chunk.subarray(at)]);
        continue;
      }
      const end = at + HEADER_BYTES + frameBytes(chunk, at);
      if (this.#takeFrame(reading, at + HEADER_BYTES, end)) return chunk.subarray(at);
      at = end;
    }
    return null;
  }

  #isWhole(chunk: Buffer, at: number): boolean {
    const there = chunk.length - at;
    return there >= HEADER_BYTES && there >= HEADER_BYTES + frameBytes(chunk, at);
  }

  /** Keeps what there is of a frame; @returns the bytes it took. */
  #keep(chunk: Buffer, at: number): number {
    const known = this.#partialLength >= HEADER_BYTES;
    const needed = known ? HEADER_BYTES + frameBytes(this.#partial, 0) : HEADER_BYTES;
    const taken = Math.min(needed - this.#partialLength, chunk.length - at);
    const length = this.#partialLength + taken;
    if (this.#partial.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, READ_BYTES));
      larger.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = larger;
    }
    this.#partial.set(chunk.subarray(at, at + taken), this.#partialLength);
    this.#partialLength = length;
    return taken;
  }

  /** @returns whether it ends the answer */
  #takeFrame(reading: Reading, start: number, end: number): boolean {
    if (this.#failure) return false;
    const bytes = this.#frames.length * FULL_FRAME_BYTES + end - start;
    if (bytes > this.#options.mostRowBytes) {
      this.#frames = [];
      this.#failure = rowTooLarge(bytes, this.#options.mostRowBytes);
      return false;
    }
    if (end - start === FULL_FRAME_BYTES) {
      this.#frames.push(Buffer.from(reading.bytes.subarray(start, end)));
      return false;
    }
    if (this.#frames.length === 0) return this.#takePacket(reading, start, end);
    const packet = Buffer.concat([...this.#frames, reading.bytes.subarray(start, end)]);
    this.#frames = [];
    return this.#takePacket(readingOf(packet), 0, packet.length);
  }

  #takePacket(reading: Reading, start: number, end: number): boolean {
    const chunk = reading.bytes;
    const first = chunk[start];
    if (first === ERROR || this.#heads === -1) {
      // An answer without columns is none to a SELECT: the driver's parser tells what it is.
      const columns = first === ERROR || first === 0 || first === 0xfb ? 0 : this.#countOf(chunk, start);
      this.#heads = columns + 1;
      if (columns > 0) return false;
      this.#flush();
      return true;
    }
    if (this.#heads > 0) {
      this.#heads -= 1;
      return false;
    }
    if (first === END && end - start < MOST_END_BYTES) {
      this.#flush();
      return true;
    }
    this.#takeRow(reading, start, end);
    return false;
  }

  #countOf(chunk: Buffer, start: number): number {
    return chunk[start] === 0xfc ? chunk.readUInt16LE(start + 1) : (chunk[start] ?? 0);
  }

  #takeRow(reading: Reading, start: number, end: number): void {
    const chunk = reading.bytes;
    const { kinds, positionCells, after, blockBytes, blockRows } = this.#options;
    let at = start;
    if (positionCells === null) {
      if (chunk[start] !== HASH_LETTERS) {
        // NULL: the row is longer than the server writes texts.
        this.#failure = new SluiceError('database.internal', 'a row is longer than the server writes texts', {
          suggestion: 'SET GLOBAL max_allowed_packet = 1073741824;',
        });
        return;
      }
      at = start + 1 + HASH_LETTERS;
      const text = chunk.toString('latin1', start + 1, at);
      if (this.#hash.text === text) this.#hash.count += 1;
      else this.#hash = { text, count: 1 };
      if (after && text === after.hash && this.#hash.count <= after.count) return;
      this.#firstHash ??= this.#hashPosition();
    }
    // Each byte may need an escape or two digits, each cell its tab, and `\\x` or `\N`.
    const most = this.#block.length + 2 * (end - at) + 4 * kinds.length + HEADER_BYTES;
    if (most > this.#block.buffer.length) this.#grow(most);
    this.#lastRow = this.#block.length;
    encodeRow(this.#block, kinds, reading, at);
    this.#rows += 1;
    if (this.#block.length >= blockBytes || this.#rows >= blockRows) this.#flush();
  }

  #hashPosition(): Position {
    return [this.#hash.text, String(this.#hash.count)];
  }

  #grow(needed: number): void {
    while (this.#capacity < needed) this.#capacity *= 2;
    if (needed <= this.#usualCapacity) this.#capacity = Math.min(this.#capacity, this.#usualCapacity);
    const next = blockPool.take(this.#capacity);
    const { buffer, length } = this.#block;
    next.set(buffer.subarray(0, length));
    blockPool.give(buffer);
    this.#block = fillingOf(next, length);
  }

  #flush(): void {
    if (this.#rows === 0) return;
    const { positionCells } = this.#options;
    const data = this.#block.buffer.subarray(0, this.#block.length);
    const first = positionCells === null ? this.#firstHash! : textCells(data, 0, positionCells);
    const last =
      positionCells === null ? this.#hashPosition() : textCells(data, this.#lastRow, positionCells);
    this.#ready.push({ rows: this.#rows, data, first, last });
    // The next block is as large as this one was: no growing by steps in the middle of a big table.
    this.#capacity = Math.max(FIRST_CAPACITY, Math.min(this.#block.buffer.length, this.#usualCapacity));
    this.#block = NOTHING;
    this.#rows = 0;
    this.#lastRow = 0;
    this.#firstHash = null;
  }
}
