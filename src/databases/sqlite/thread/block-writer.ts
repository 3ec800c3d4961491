import { REPLACEMENT } from './row-source.ts';

/** Text is written into the block in pieces of about this size, so that no string grows large. */
const PIECE_CHARS = 64 * 1024;

/** Collects the lines of one block and knows its size in bytes without measuring every line. */
export interface BlockWriter {
  readonly rows: number;
  add(line: string): void;
  /** True where a text may not be what the file holds: see `maybeInvalid`. Known for sure after `take`. */
  readonly suspicious: boolean;
  /** True once the block holds `blockBytes` or more. */
  full(): boolean;
  /** The bytes, in memory of their own that can be transferred. */
  take(): Uint8Array<ArrayBuffer>;
}

export function createBlockWriter(blockBytes: number): BlockWriter {
  let buffer = Buffer.from(new ArrayBuffer(Math.min(blockBytes, PIECE_CHARS) + PIECE_CHARS));
  let used = 0;
  let pending = '';
  let rows = 0;
  let suspicious = false;

  const reserve = (bytes: number): void => {
    if (used + bytes <= buffer.length) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(used + bytes, buffer.length * 2)));
    buffer.copy(grown, 0, 0, used);
    buffer = grown;
  };
  const flush = (): void => {
    // One UTF-16 unit is at most three bytes of UTF-8.
    reserve(pending.length < PIECE_CHARS ? pending.length * 3 : Buffer.byteLength(pending));
    // Once for many cells: on a string of one-byte characters it costs nothing.
    suspicious ||= pending.includes(REPLACEMENT);
    used += buffer.write(pending, used, 'utf8');
    pending = '';
  };

  return {
    get rows() {
      return rows;
    },
    get suspicious() {
      return suspicious;
    },
    add(line) {
      pending += line;
      rows += 1;
      if (pending.length >= PIECE_CHARS) flush();
    },
    full() {
      if (used + pending.length * 3 < blockBytes) return false;
      flush();
      return used >= blockBytes;
    },
    take() {
      flush();
      const memory = buffer.buffer;
      const whole = used * 2 > memory.byteLength ? memory : memory.slice(0, used);
      return new Uint8Array(whole, 0, used);
    },
  };
}
