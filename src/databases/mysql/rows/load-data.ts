import { randomBytes } from 'node:crypto';
import { SluiceError } from '../../../model/sluice-error.ts';
import { frameHeader, type Packet, sendQuery, type Wire, type WireCommand } from '../connections/wire.ts';

const MESSAGE_BYTES = 256 * 1024; // the server parses one message while the next is on its way
const ASKS_FOR_FILE = 0xfb;

export interface Loaded {
  readonly rows: number;
  readonly warnings: number;
}

/** A name that no file has and no server can guess. */
export const drawFileName = (): string => `sluice-${randomBytes(12).toString('hex')}`;

/**
 * LOAD DATA LOCAL of bytes that are all there. A server may ask for any file when a statement with LOCAL is sent: only the name
 * that stands in our statement is answered, and what is sent is the block, never a file.
 */
export class LoadData implements WireCommand {
  readonly #text: string;
  readonly #fileName: string;
  readonly #data: Buffer;
  readonly loaded: Promise<Loaded>;
  #resolve: (loaded: Loaded) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #refusal: SluiceError | null = null;

  constructor(text: string, fileName: string, data: Buffer) {
    this.#text = text;
    this.#fileName = fileName;
    this.#data = data;
    this.loaded = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  execute(packet: Packet | undefined, wire: Wire): boolean {
    if (packet === undefined) {
      sendQuery(wire, this.#text);
      return false;
    }
    if (packet.isError()) {
      this.#reject(this.#refusal ?? packet.asError(wire.clientEncoding));
      return true;
    }
    if (packet.buffer[packet.offset] === ASKS_FOR_FILE) {
      const name = packet.buffer.toString('utf8', packet.offset + 1, packet.end);
      if (name !== this.#fileName) {
        this.#refusal = new SluiceError(
          'database.permission_denied',
          'the server asked for a file that was not offered',
        );
      }
      this.#send(wire, packet.sequenceId);
      return false;
    }
    if (this.#refusal) this.#reject(this.#refusal);
    else this.#resolve(readOk(packet));
    return true;
  }

  /** An empty frame ends what is sent; where it is all that is sent the server gets nothing. */
  #send(wire: Wire, asked: number): void {
    const { stream } = wire;
    let sequence = asked + 1;
    stream.cork();
    for (let at = 0; this.#refusal === null && at < this.#data.length; at += MESSAGE_BYTES) {
      const part = this.#data.subarray(at, at + MESSAGE_BYTES);
      stream.write(frameHeader(part.length, sequence));
      stream.write(part);
      sequence += 1;
    }
    stream.write(frameHeader(0, sequence));
    stream.uncork();
    wire.sequenceId = (sequence + 1) & 0xff;
  }

  onResult(error: Error): void {
    this.#reject(error);
  }
}

function readOk(packet: Packet): Loaded {
  packet.readInt8();
  const rows = packet.readLengthCodedNumber() ?? 0;
  packet.readLengthCodedNumber(); // last insert id
  packet.readInt16(); // status
  return { rows, warnings: packet.readInt16() };
}
