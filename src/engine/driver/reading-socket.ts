import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** At most so much is read at once. */
export const READ_BYTES = 128 * 1024;

type Listener = (chunk: Buffer) => void;

/** Who takes the reads of a socket instead of its 'data' listeners; null: nobody. */
const takers = new WeakMap<Duplex, { taker: Listener | null }>();

/**
 * A socket for one session that reads into one buffer for its whole life. The driver's parser keeps what it is given, so it
 * gets copies, as 'data'; rows, which are nearly all bytes, are taken from the buffer itself (takeReads).
 */
export function createReadingSocket(): Socket {
  const reads: { taker: Listener | null } = { taker: null };
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
    if (reads.taker) reads.taker(chunk);
    else socket.emit('data', Buffer.from(chunk));
    return true;
  };
  // A socket takes the same options as a connection; the types know them of the latter only.
  const socket = new Socket({ onread: { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback } } as object);
  takers.set(socket, reads);
  return socket;
}

/**
 * Gives what a stream reads to `listener`, in place of the one listener it has: chunks that are valid during the call only and
 * may be written over.
 * @returns gives the reads back to that listener, with what was not ours of the last chunk first
 */
export function takeReads(stream: Duplex, listener: Listener): (rest: Buffer) => void {
  const former = stream.listeners('data')[0] as Listener;
  const reads = takers.get(stream);
  if (reads) {
    reads.taker = listener;
    return (rest) => {
      reads.taker = null;
      former(Buffer.from(rest));
    };
  }
  // TLS: the stream above the socket makes a buffer of each record.
  stream.on('data', listener);
  stream.off('data', former);
  return (rest) => {
    stream.on('data', former);
    stream.off('data', listener);
    former(rest);
  };
}
