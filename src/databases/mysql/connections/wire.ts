import type { Duplex } from 'node:stream';

/** The parts of the driver's packets that we read. */
export interface Packet {
  readonly buffer: Buffer;
  readonly end: number;
  offset: number;
  readonly sequenceId: number;
  isError(): boolean;
  asError(encoding: string): Error;
  readInt8(): number;
  readInt16(): number;
  readLengthCodedNumber(): number | null;
}

/** The parts of the driver's connection that a command of our own needs. */
export interface Wire {
  readonly stream: Duplex;
  readonly clientEncoding: string;
  /** The number that the next packet of the server has. */
  sequenceId: number;
}

/** Talks to the server itself while it is the active command of a connection; the driver calls these. */
export interface WireCommand {
  /** First without a packet; then with each packet. True: the command is over. */
  execute(packet: Packet | undefined, wire: Wire): boolean;
  /** The connection was lost. */
  onResult(error: Error): void;
}

const HEADER_BYTES = 4;
const COM_QUERY = 3;

/** Frames of the protocol have a length of three bytes; one that is full is followed by another. */
export const FULL_FRAME_BYTES = 0xff_ff_ff;

export function frameHeader(bytes: number, sequence: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUIntLE(bytes, 0, 3);
  header[3] = sequence & 0xff;
  return header;
}

/** Sends a statement as the first packet of a command. */
export function sendQuery(wire: Wire, text: string): void {
  const body = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  body[0] = COM_QUERY;
  body.write(text, 1);
  let sequence = 0;
  wire.stream.cork();
  for (let at = 0; at <= body.length; at += FULL_FRAME_BYTES) {
    const part = body.subarray(at, at + FULL_FRAME_BYTES);
    wire.stream.write(frameHeader(part.length, sequence));
    wire.stream.write(part);
    sequence += 1;
  }
  wire.stream.uncork();
  wire.sequenceId = sequence & 0xff;
}
