import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { SluiceError } from '../../../model/sluice-error.ts';
import { lz4Extent, snappyBlocks, zstdBound } from './compressed-forms.ts';

/** How a batch may be compressed, each at the number that its attributes name it by. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

interface Codec {
  compress(data: Buffer): Promise<Uint8Array>;
  /** Never makes more than `mostBytes`. */
  decompress(data: Buffer, mostBytes: number): Promise<Buffer>;
}

/** Fast ones: the way to a hub is short, and what is stored is deleted soon. */
const GZIP_LEVEL = 1;
const ZSTD_LEVEL = 1;

const tooLarge = (): Error => Object.assign(new Error('too much'), { code: 'TOO_LARGE' });

const loadGzip = async (): Promise<Codec> => ({
  compress: (data) => promisify<Buffer, object, Buffer>(gzip)(data, { level: GZIP_LEVEL }),
  decompress: (data, mostBytes) =>
    promisify<Buffer, object, Buffer>(gunzip)(data, { maxOutputLength: mostBytes }),
});

async function loadLz4(): Promise<Codec> {
  const lz4 = await import('lz4-napi');
  return {
    compress: (data) => lz4.compressFrame(data),
    decompress: async (data, mostBytes) => {
      const { boundBytes, endsAt } = lz4Extent(data);
      if (boundBytes > mostBytes) throw tooLarge();
      return lz4.decompressFrame(data.subarray(0, endsAt));
    },
  };
}

async function loadSnappy(): Promise<Codec> {
  const snappy = await import('snappy');
  return {
    // Plain, as librdkafka does it; Java's clients and brokers read it as well as their own blocks.
    compress: (data) => snappy.compress(data),
    decompress: async (data, mostBytes) => {
      const blocks = snappyBlocks(data);
      if (blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > mostBytes) throw tooLarge();
      const parts = await Promise.all(
        blocks.map(({ bytes }) => snappy.uncompress(bytes, { asBuffer: true })),
      );
      return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts as Buffer[]);
    },
  };
}

async function loadZstd(): Promise<Codec> {
  const zstd = await import('@mongodb-js/zstd');
  return {
    compress: (data) => zstd.compress(data, ZSTD_LEVEL),
    decompress: async (data, mostBytes) => {
      if (zstdBound(data) > mostBytes) throw tooLarge();
      return zstd.decompress(data);
    },
  };
}

const LOADERS = { gzip: loadGzip, snappy: loadSnappy, lz4: loadLz4, zstd: loadZstd } as const;
const loaded = new Map<Compression, Promise<Codec>>();

/** Loaded when it is first needed: without compression no native code is. @throws SluiceError config.invalid */
function codecOf(compression: Exclude<Compression, 'none'>): Promise<Codec> {
  const known = loaded.get(compression) ?? LOADERS[compression]();
  loaded.set(compression, known);
  return known.catch((cause: unknown) => {
    throw new SluiceError(
      'config.invalid',
      `compression ${compression} cannot be used: its program is not made for ${process.platform} ${process.arch}`,
      { cause, suggestion: 'compression: gzip, or none' },
    );
  });
}

/** Shows at open what would fail at the first message. @throws SluiceError config.invalid */
export async function requireCodec(compression: Compression): Promise<void> {
  if (compression !== 'none') await codecOf(compression);
}

/** Off the main thread. */
export async function compress(compression: Exclude<Compression, 'none'>, data: Buffer): Promise<Uint8Array> {
  const codec = await codecOf(compression);
  return codec.compress(data);
}

/** Off the main thread. @throws SluiceError batch.damaged, config.invalid */
export async function decompress(
  compression: Exclude<Compression, 'none'>,
  data: Buffer,
  mostBytes: number,
): Promise<Buffer> {
  const codec = await codecOf(compression);
  try {
    return await codec.decompress(data, mostBytes);
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    throw new SluiceError('batch.damaged', `records cannot be read: what ${compression} should be is not`, {
      cause,
      ...(typeof code === 'string' ? { vendorCode: code } : {}),
    });
  }
}
