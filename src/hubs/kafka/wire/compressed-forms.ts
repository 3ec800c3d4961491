/**
 * How large compressed data become, read off their frames: the decompressors themselves know no limit, and a few kilobytes
 * may claim to be gigabytes. Every function throws RangeError for what is not of its form.
 */

const damaged = (): RangeError => new RangeError('not of the form');

const LZ4_MAGIC = 0x184d2204;
const LZ4_PLAIN = 0x80000000;
const KIB = 1024;
/** Largest block of a frame, by three bits of its descriptor. */
const LZ4_BLOCK_BYTES: Readonly<Record<number, number>> = {
  4: 64 * KIB,
  5: 256 * KIB,
  6: 1024 * KIB,
  7: 4096 * KIB,
};

/** A frame of LZ4: what it can become at most, and where it ends. @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
export function lz4Extent(data: Buffer): { readonly boundBytes: number; readonly endsAt: number } {
  if (data.length < 7 || data.readUInt32LE(0) !== LZ4_MAGIC) throw damaged();
  const flags = data.readUInt8(4);
  const blockBytes = LZ4_BLOCK_BYTES[(data.readUInt8(5) >> 4) & 7];
  if (blockBytes === undefined) throw damaged();
  const has = (bit: number): boolean => (flags & (1 << bit)) !== 0;
  let at = 7 + (has(3) ? 8 : 0) + (has(0) ? 4 : 0);
  let boundBytes = 0;
  for (;;) {
    const size = data.readUInt32LE(at); // throws RangeError behind the end
    at += 4;
    if (size === 0) break;
    const isPlain = size >= LZ4_PLAIN;
    const stored = isPlain ? size - LZ4_PLAIN : size;
    boundBytes += isPlain ? stored : blockBytes;
    at += stored + (has(4) ? 4 : 0);
  }
  at += has(2) ? 4 : 0;
  if (at > data.length) throw damaged();
  return { boundBytes, endsAt: at };
}

/** Java writes plain Snappy in blocks of its own. @see https://github.com/xerial/snappy-java */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEAD_BYTES = 16;

interface SnappyBlock {
  readonly bytes: Buffer;
  /** What it becomes. */
  readonly sizeBytes: number;
}

function snappyBlock(bytes: Buffer): SnappyBlock {
  let sizeBytes = 0;
  for (let at = 0, factor = 1; at < 5; at += 1, factor *= 128) {
    const byte = bytes.readUInt8(at);
    sizeBytes += (byte & 0x7f) * factor;
    if (byte < 0x80) return { bytes, sizeBytes };
  }
  throw damaged();
}

/** Blocks of plain Snappy, one after the other; data without Java's head are one block. */
export function snappyBlocks(data: Buffer): readonly SnappyBlock[] {
  if (!data.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return [snappyBlock(data)];
  const blocks: SnappyBlock[] = [];
  for (let at = XERIAL_HEAD_BYTES; at < data.length; ) {
    const stored = data.readUInt32BE(at);
    at += 4;
    if (at + stored > data.length) throw damaged();
    blocks.push(snappyBlock(data.subarray(at, at + stored)));
    at += stored;
  }
  return blocks;
}

const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_BLOCK_BYTES = 128 * KIB;
const ZSTD_DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const ZSTD_SIZE_BYTES = [0, 2, 4, 8] as const;

/** One frame of Zstandard: what it can become at most; more than one is not of the form. @see https://www.rfc-editor.org/rfc/rfc8878 */
export function zstdBound(data: Buffer): number {
  if (data.length < 6 || data.readUInt32LE(0) !== ZSTD_MAGIC) throw damaged();
  const head = data.readUInt8(4);
  const isSingle = (head & 0x20) !== 0;
  const sizeBytes = head >> 6 === 0 && isSingle ? 1 : (ZSTD_SIZE_BYTES[head >> 6] as number);
  let at = 5 + (isSingle ? 0 : 1) + (ZSTD_DICTIONARY_BYTES[head & 3] as number) + sizeBytes;
  let boundBytes = 0;
  for (let isLast = false; !isLast; ) {
    const block = data.readUIntLE(at, 3);
    at += 3;
    isLast = (block & 1) === 1;
    const type = (block >> 1) & 3;
    const size = block >> 3;
    if (type === 3) throw damaged();
    boundBytes += type === 2 ? ZSTD_BLOCK_BYTES : size;
    at += type === 1 ? 1 : size;
  }
  at += (head & 4) === 0 ? 0 : 4;
  if (at !== data.length) throw damaged();
  return boundBytes;
}
