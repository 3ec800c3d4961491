import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, createWriter } from '../../src/hubs/kafka/wire/bytes.ts';
import { crc32c } from '@node-rs/crc32';
import { compress, type Compression, COMPRESSIONS, decompress } from '../../src/hubs/kafka/wire/codecs.ts';
import { decodeRecords, encodeBatch, type OutgoingRecord } from '../../src/hubs/kafka/wire/records.ts';

const CODECS = COMPRESSIONS.filter((each) => each !== 'none');
const message = (data: Uint8Array): OutgoingRecord => ({ id: 'id.1', ordinal: 1, header: 'h', data });
const PRODUCER = { producerId: 7n, epoch: 1, sequence: 3 };

/** Bit by bit, as the polynomial says. */
function slowCrc(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const stored = async (
  records: readonly OutgoingRecord[],
  baseOffset: number,
  compression: Compression = 'none',
): Promise<Buffer> => {
  const whole = Buffer.concat((await encodeBatch(records, PRODUCER, compression)).parts);
  whole.writeBigInt64BE(BigInt(baseOffset), 0); // what the broker fills in
  return whole;
};

describe('CRC-32C', () => {
  test('of the digits is the one of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
  });

  test('is right for any place, length and cut', () => {
    const bytes = randomBytes(5_000);
    fc.assert(
      fc.property(fc.nat(4_000), fc.nat(900), fc.nat(900), (from, length, cut) => {
        const part = bytes.subarray(from, from + length);
        const first = part.subarray(0, cut);
        expect(crc32c(part)).toBe(slowCrc(part));
        expect(crc32c(part.subarray(first.length), crc32c(first))).toBe(slowCrc(part));
      }),
    );
  });
});

test('numbers and texts are read as they were written', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.nat(),
      fc.maxSafeNat(),
      fc.string({ unit: 'grapheme' }),
      (int, nat, long, text) => {
        const bytes = createWriter()
          .int32(int)
          .varint(nat >>> 1)
          .varint(-(nat >>> 1))
          .uvarint(nat)
          .int64(long)
          .text(text)
          .end()
          .done();
        const reader = new ByteReader(bytes);
        const read = [
          reader.int32(),
          reader.varint(),
          reader.varint(),
          reader.uvarint(),
          reader.int64(),
          reader.text(),
        ];
        reader.end();
        expect(read).toEqual([int, nat >>> 1, -(nat >>> 1) || 0, nat, long, text]);
        expect(reader.left).toBe(0);
      },
    ),
  );
});

describe('a batch of records', () => {
  const record = fc.record({
    id: fc.string(),
    ordinal: fc.nat(),
    header: fc.string(),
    data: fc.uint8Array({ maxLength: 300 }),
  });

  const plain = ({ id, ordinal, header, data }: OutgoingRecord) => ({ id, ordinal, header, data: [...data] });

  test.each(COMPRESSIONS)(
    'is read as it was written, up to where the answer is cut off: %s',
    async (compression) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(record, { minLength: 1, maxLength: 5 }),
          fc.nat(200),
          async (records, cut) => {
            const one = await stored(records, 10, compression);
            const two = await stored(records, 10 + records.length, compression);
            const answer = Buffer.concat([one, two.subarray(0, Math.min(cut, two.length - 1))]);
            const {
              records: read,
              nextOffset,
              damaged,
            } = await decodeRecords(answer, Infinity, {
              from: 10,
              end: 10 + 2 * records.length,
            });
            expect(nextOffset).toBe(10 + records.length);
            expect(damaged).toEqual([]);
            expect(read.map(plain)).toEqual(records.map(plain));
            expect(read.map(({ offset }) => offset)).toEqual(records.map((_, index) => 10 + index));
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  test('has the checksum that the broker computes', async () => {
    const whole = await stored([message(randomBytes(1_000))], 0);
    expect(whole.readUInt32BE(17)).toBe(slowCrc(whole.subarray(21)));
  });

  test('of an older format is passed over, and so is an answer without a whole one', async () => {
    const older = await stored([message(Buffer.from('x'))], 4);
    older.writeInt8(1, 16);
    older.writeUInt32BE(crc32(older.subarray(16)), 12);
    const asked = { from: 4, end: 5 };
    expect(await decodeRecords(older, 1, asked)).toMatchObject({ records: [], nextOffset: 5, damaged: [] });
    expect(await decodeRecords(Buffer.alloc(20), 1, asked)).toMatchObject({ records: [], nextOffset: null });
  });

  test.each(CODECS)(
    'becomes smaller by %s where it can, and is sent as it is where it cannot',
    async (codec) => {
      const data = Buffer.from('a row and another one\n'.repeat(5_000));
      const [small, random] = [await stored([message(data)], 0, codec), randomBytes(5_000)];
      expect(small.length).toBeLessThan(data.length / 4);
      expect((await stored([message(random)], 0, codec)).readInt16BE(21)).toBe(0);
      expect((await decodeRecords(small, Infinity, { from: 0, end: 1 })).expansion).toBeGreaterThan(4);
    },
  );

  test('what there is no room for is left for another time', async () => {
    const data = Buffer.alloc(100_000, 'rows ');
    const answer = Buffer.concat(
      await Promise.all([0, 1, 2, 3].map((offset) => stored([message(data)], offset, 'lz4'))),
    );
    const asked = { from: 0, end: 4 };
    expect(await decodeRecords(answer, 150_000, asked)).toMatchObject({ nextOffset: 2 });
    expect((await decodeRecords(answer, 1, asked)).records).toHaveLength(1);
    expect((await decodeRecords(answer, Infinity, asked)).records).toHaveLength(4);
  });

  test.each([...CODECS, 'none'] as const)(
    'that was altered is told as batch.damaged, and what follows is read: %s',
    async (codec) => {
      const data = Buffer.from(Array.from({ length: 9_000 }, (_, index) => index % 251));
      const whole = await stored([message(data)], 7, codec);
      const next = await stored([message(Buffer.from('next'))], 8);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 61, max: whole.length - 1 }),
          fc.boolean(),
          async (at, isSummed) => {
            const bad = Buffer.from(whole);
            bad.writeUInt8(bad.readUInt8(at) ^ 0xff, at);
            if (isSummed) bad.writeUInt32BE(crc32c(bad.subarray(21)), 17);
            const answer = await decodeRecords(Buffer.concat([bad, next]), Infinity, { from: 7, end: 9 });
            expect(answer.nextOffset).toBe(9);
            expect(answer.records.at(-1)?.data.toString()).toBe('next');
            // With a checksum that fits, only some forms show it; else the fingerprint of the rows does.
            const codes = answer.damaged.map(({ code }) => code);
            expect(isSummed ? ['batch.damaged', ...codes] : codes).toContain('batch.damaged');
            expect(codes.every((code) => code === 'batch.damaged')).toBe(true);
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  describe('whose head was altered', () => {
    /** Each bit but those of the length, without which nobody knows what is whole, and of the epoch, which is not looked at. */
    const BITS = Array.from({ length: 61 * 8 }, (_, bit) => bit).filter((bit) => bit < 64 || bit >= 128);
    const altered = (whole: Buffer, bit: number): Buffer => {
      const bad = Buffer.from(whole);
      bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return bad;
    };
    const two = (): Promise<Buffer> => stored([message(Buffer.from('one')), message(Buffer.from('two'))], 8);
    const asked = { from: 8, end: 10 };

    test('is told as batch.damaged, and no message but the first is passed over for it', async () => {
      const whole = await two();
      for (const bit of BITS) {
        const { records, damaged, nextOffset } = await decodeRecords(altered(whole, bit), Infinity, asked);
        expect([records, nextOffset], `byte ${bit >> 3}, bit ${bit & 7}`).toEqual([[], 9]);
        expect(damaged.map(({ code }) => code)).toEqual(['batch.damaged']);
      }
    });

    test('does not keep what follows from being read at its place', async () => {
      const [whole, next] = [await two(), await stored([message(Buffer.from('next'))], 10)];
      for (const bit of BITS) {
        const answer = Buffer.concat([altered(whole, bit), next]);
        const decoded = await decodeRecords(answer, Infinity, { from: 8, end: 2 ** 40 });
        expect(
          decoded.records.map(({ offset }) => offset),
          `byte ${bit >> 3}, bit ${bit & 7}`,
        ).toEqual([10]);
        expect(decoded).toMatchObject({ nextOffset: 11, damaged: [{ code: 'batch.damaged' }] });
      }
    });

    test('in its length never makes more be passed over than the first message', async () => {
      const whole = await two();
      for (let bit = 64; bit < 96; bit += 1) {
        const { records, nextOffset } = await decodeRecords(altered(whole, bit), Infinity, asked);
        expect(records, `byte ${bit >> 3}, bit ${bit & 7}`).toEqual([]);
        expect([null, 9]).toContain(nextOffset);
      }
    });

    test('and is not all that was damaged: still only one message is passed over at a time', async () => {
      const bad = altered(await two(), 23 * 8 + 6);
      const decoded = await decodeRecords(Buffer.concat([bad, bad, bad]), Infinity, {
        from: 8,
        end: 2 ** 40,
      });
      expect(decoded).toMatchObject({ records: [], nextOffset: 9 });
    });
  });

  test('is read from the message that was asked for, and where the high watermark is one from before', async () => {
    const answer = Buffer.concat([
      await stored([message(Buffer.from('one')), message(Buffer.from('two'))], 8),
      await stored([message(Buffer.from('next'))], 10),
    ]);
    const decoded = await decodeRecords(answer, Infinity, { from: 9, end: 10 });
    expect(decoded).toMatchObject({ nextOffset: 11, damaged: [] });
    expect(decoded.records.map(({ offset }) => offset)).toEqual([8, 9, 10]);
  });

  test.each(CODECS)('%s never makes more of a few bytes than is allowed', async (codec) => {
    const claimed = await compress(codec, Buffer.alloc(40_000_000));
    const failure = await decompress(codec, Buffer.from(claimed), 1_000_000).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'batch.damaged' });
    expect(await decompress(codec, Buffer.from(claimed), 43_000_000)).toHaveLength(40_000_000);
  });

  test("Snappy in the blocks of Java's is read", async () => {
    const parts = ['one ', 'two ', 'three'].map((text) => Buffer.from(text.repeat(500)));
    const blocks = await Promise.all(
      parts.map(async (part) => {
        const block = await compress('snappy', part);
        const size = Buffer.alloc(4);
        size.writeUInt32BE(block.length);
        return Buffer.concat([size, block]);
      }),
    );
    const head = Buffer.from('82534e41505059000000000100000001', 'hex');
    const whole = Buffer.concat([head, ...blocks]);
    expect(await decompress('snappy', whole, 1e6)).toEqual(Buffer.concat(parts));
    const cut = decompress('snappy', whole.subarray(0, -3), 1e6);
    await expect(cut).rejects.toMatchObject({ code: 'batch.damaged' });
  });
});
