/** Collects the fields of a request in the order of the calls; integers are big-endian as Kafka wants them. */
export interface ByteWriter {
  int8(value: number): ByteWriter;
  int16(value: number): ByteWriter;
  int32(value: number): ByteWriter;
  int64(value: number | bigint): ByteWriter;
  /** Unsigned, 7 bits a byte. */
  uvarint(value: number): ByteWriter;
  /** Signed, zigzag. */
  varint(value: number): ByteWriter;
  raw(bytes: Uint8Array): ByteWriter;
  /** Compact: its length plus one, then its bytes. */
  text(value: string): ByteWriter;
  /** Two bytes of length, as request headers have it. */
  shortText(value: string): ByteWriter;
  /** Length of a compact array. */
  array(length: number): ByteWriter;
  /** No tagged fields: the end of every structure. */
  end(): ByteWriter;
  readonly length: number;
  done(): Buffer;
}

const FIRST_BYTES = 256;

export function createWriter(): ByteWriter {
  let buffer = Buffer.allocUnsafe(FIRST_BYTES);
  let at = 0;
  const room = (bytes: number): number => {
    if (at + bytes > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
      buffer.copy(larger, 0, 0, at);
      buffer = larger;
    }
    const place = at;
    at += bytes;
    return place;
  };
  /** Room first: it may replace the buffer. */
  const put = (bytes: number, write: (into: Buffer, place: number) => void): ByteWriter => {
    const place = room(bytes);
    write(buffer, place);
    return writer;
  };
  const writer: ByteWriter = {
    int8: (value) => put(1, (into, place) => into.writeInt8(value, place)),
    int16: (value) => put(2, (into, place) => into.writeInt16BE(value, place)),
    int32: (value) => put(4, (into, place) => into.writeInt32BE(value, place)),
    int64: (value) => put(8, (into, place) => into.writeBigInt64BE(BigInt(value), place)),
    uvarint: (value) => {
      let rest = value >>> 0;
      for (; rest > 0x7f; rest >>>= 7) byte((rest & 0x7f) | 0x80);
      return byte(rest);
    },
    varint: (value) => writer.uvarint((value << 1) ^ (value >> 31)),
    raw: (bytes) => put(bytes.length, (into, place) => into.set(bytes, place)),
    text: (value) => {
      const bytes = Buffer.from(value, 'utf8');
      return writer.uvarint(bytes.length + 1).raw(bytes);
    },
    shortText: (value) => {
      const bytes = Buffer.from(value, 'utf8');
      return writer.int16(bytes.length).raw(bytes);
    },
    array: (length) => writer.uvarint(length + 1),
    end: () => writer.uvarint(0),
    get length() {
      return at;
    },
    done: () => buffer.subarray(0, at),
  };
  const byte = (value: number): ByteWriter => put(1, (into, place) => into.writeUInt8(value, place));
  return writer;
}

/** Reads the fields of an answer one after the other. @throws RangeError behind the end */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #step(bytes: number): number {
    const place = this.#at;
    if (place + bytes > this.#bytes.length) throw new RangeError('the answer ends too early');
    this.#at += bytes;
    return place;
  }

  int8 = (): number => this.#bytes.readInt8(this.#step(1));
  int16 = (): number => this.#bytes.readInt16BE(this.#step(2));
  int32 = (): number => this.#bytes.readInt32BE(this.#step(4));
  /** Offsets and sizes stay far below 2^53. */
  int64 = (): number => Number(this.#bytes.readBigInt64BE(this.#step(8)));
  bool = (): boolean => this.int8() !== 0;

  uvarint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#step(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number without an end');
  };

  varint = (): number => {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };

  /** 64 bits, of which ours use few: timestamps. */
  skipVarlong = (): void => {
    while (this.#bytes.readUInt8(this.#step(1)) >= 0x80);
  };

  raw = (bytes: number): Buffer => this.#bytes.subarray(this.#step(bytes), this.#at);
  uuid = (): string => this.raw(16).toString('hex');

  /** Compact; null is told from empty. */
  text = (): string | null => {
    const length = this.uvarint();
    return length === 0 ? null : this.raw(length - 1).toString('utf8');
  };

  /** Compact; null counts as empty. */
  bytes = (): Buffer => this.raw(Math.max(0, this.uvarint() - 1));

  /** Compact; null counts as empty. */
  array = <T>(item: () => T): T[] => Array.from({ length: Math.max(0, this.uvarint() - 1) }, item);

  /** Tagged fields, which newer brokers add to: skipped. */
  end = (): void => {
    for (let count = this.uvarint(); count > 0; count -= 1) {
      this.uvarint();
      this.raw(this.uvarint());
    }
  };
}
