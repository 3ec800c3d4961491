import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ConnectionOptions, TlsOptions } from 'nats';
import { NodeTransport } from 'nats/lib/src/node_transport.js';

const READ_BYTES = 256 * 1024;

/** Who takes what arrives on connections with these options; a chunk is valid during the call only. */
export const sinks = new WeakMap<ConnectionOptions, (chunk: Buffer, from: ReusingTransport) => void>();

/**
 * The driver's transport, except that a socket reads into one buffer for its whole life and large payloads are written from where
 * they lie. The driver's own makes a new buffer of each read and joins header and payload of each write.
 */
export class ReusingTransport extends NodeTransport {
  #host = '';
  #sink: ((chunk: Buffer, from: ReusingTransport) => void) | undefined;
  /** The greeting was read the driver's way; what comes now goes to the sink. */
  #greeted = false;
  #dialled: Socket | null = null;

  override connect(
    host: { hostname: string; port: number; tlsName: string },
    options: ConnectionOptions,
  ): Promise<void> {
    this.#host = host.hostname;
    this.#sink = sinks.get(options);
    return super.connect(host, options);
  }

  override dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    return new Promise((resolve, reject) => {
      let failure: Error | undefined;
      const callback = (bytes: number, buffer: Uint8Array): boolean => {
        const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
        if (this.#greeted) this.#take(chunk);
        else socket.emit('data', Buffer.from(chunk));
        return true;
      };
      const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback };
      const socket: Socket = connect({ host: hostname, port, noDelay: true, onread }, () => {
        socket.removeAllListeners();
        resolve(socket);
      });
      this.#dialled = socket;
      socket.on('error', (error) => {
        failure = error;
      });
      socket.on('close', () => {
        socket.removeAllListeners();
        reject(failure);
      });
    });
  }

  /** Without a host Node compares the certificate of an address with the name `localhost`. */
  override startTLS(): Promise<TLSSocket> {
    this.options = { ...this.options, tls: { ...this.options.tls, host: this.#host } as TlsOptions };
    return super.startTLS();
  }

  override setupHandlers(): void {
    super.setupHandlers();
    this.socket.removeAllListeners('data');
    this.#greeted = true;
    if (this.isEncrypted()) this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    try {
      this.#sink?.(chunk, this);
    } catch (error) {
      this.socket?.destroy(error as Error); // the driver connects again
    }
  }

  /** The driver's own leaves a dial that was given up alone: greeted late, its end would end the connection after it. */
  override close(err?: Error): Promise<void> {
    if (!this.#greeted) this.#dialled?.destroy();
    return super.close(err);
  }

  /** The driver's own writes first what is in hand, which never ends where the other side is mute: it would never connect again. */
  override disconnect(): void {
    void this.close();
  }

  /** Nothing is copied: the parts must not change before the server has answered. */
  sendParts(parts: readonly Uint8Array[]): void {
    const { socket } = this;
    if (this.isClosed || !socket) return;
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  }
}
