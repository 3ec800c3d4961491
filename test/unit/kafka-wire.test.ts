import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, createWriter } from '../../src/hubs/kafka/wire/bytes.ts';
import { crc32c } from '../../src/hubs/kafka/wire/crc32c.ts';
import { decodeRecords, encodeBatch, type OutgoingRecord } from '../../src/hubs/kafka/wire/records.ts';

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

const stored = (records: readonly OutgoingRecord[], baseOffset: number): Buffer => {
  const whole = Buffer.concat(encodeBatch(records, PRODUCER).parts);
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

  test('is read as it was written, up to where the answer is cut off', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.nat(200), (records, cut) => {
        const [one, two] = [stored(records, 10), stored(records, 10 + records.length)];
        const { records: read, nextOffset } = decodeRecords(
          Buffer.concat([one, two.subarray(0, Math.min(cut, two.length - 1))]),
        );
        expect(nextOffset).toBe(10 + records.length);
        expect(
          read.map(({ id, ordinal, header, data }) => ({ id, ordinal, header, data: [...data] })),
        ).toEqual(records.map(({ id, ordinal, header, data }) => ({ id, ordinal, header, data: [...data] })));
        expect(read.map(({ offset }) => offset)).toEqual(records.map((_, index) => 10 + index));
      }),
    );
  });

  test('has the checksum that the broker computes', () => {
    const whole = stored([{ id: 'id.1', ordinal: 1, header: 'h', data: randomBytes(1_000) }], 0);
    expect(whole.readUInt32BE(17)).toBe(slowCrc(whole.subarray(21)));
  });

  test('that is not ours is passed over', () => {
    const compressed = stored([{ id: 'id.1', ordinal: 1, header: '', data: Buffer.from('x') }], 4);
    compressed.writeInt16BE(1, 21);
    expect(decodeRecords(compressed)).toMatchObject({ records: [], nextOffset: 5 });
    expect(decodeRecords(Buffer.alloc(20))).toMatchObject({ records: [], nextOffset: null });
  });
});
