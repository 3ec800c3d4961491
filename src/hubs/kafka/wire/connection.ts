import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isIP } from 'node:net';
import type { ISocketFactory } from 'kafkajs';
import { blockPool } from '../../../engine/driver/block-pool.ts';
import { createWriter } from './bytes.ts';
import { type ConnectionSettings, DriverConnection } from './driver.ts';

const READ_BYTES = 256 * 1024;
const KEEP_ALIVE_MS = 60_000;
const LENGTH_BYTES = 4;
const THROTTLED_POLL_MS = 10;

/**
 * A socket that reads into one buffer for its whole life; a chunk is valid during the event only. The driver's own makes
 * a new buffer of each read.
 */
export const reusingSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  if (ssl) return connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect);
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    socket.emit('data', Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
    return true;
  };
  const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback };
  const socket: Socket = connectPlain({ host, port, noDelay: true, onread }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
};

/** A request whose bytes are sent from where they lie. */
export interface RawRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  /** Behind the client's name: the rest of the header and the body. */
  readonly parts: readonly Uint8Array[];
  readonly timeoutMs: number;
}

/**
 * The driver's connection, except that answers are copied once, into a buffer of their size (a large one into one of the
 * pool), and that large requests are sent in parts.
 */
export class FrameConnection extends DriverConnection {
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  #frame: Buffer | null = null;
  #sizeBytes = 0;
  #filled = 0;
  #ended: Error | null = null;
  #connecting: Promise<unknown> | null = null;

  constructor(settings: ConnectionSettings) {
    super(settings);
    const queue = this.requestQueue;
    // The driver's own sets a timer every millisecond for ever, of a negative time, which Node warns about.
    queue.scheduleCheckPendingRequests = () => {
      if (queue.pending.length === 0 || queue.throttleCheckTimeoutId) return;
      const delayMs = Math.max(THROTTLED_POLL_MS, queue.throttledUntil - Date.now());
      queue.throttleCheckTimeoutId = setTimeout(() => {
        queue.throttleCheckTimeoutId = null;
        queue.checkPendingRequests();
      }, delayMs);
    };
  }

  /** Shared: the driver's own makes a socket for each caller, and forgets all but the last. */
  override connect(): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.isConnected()) return Promise.resolve(true);
    this.#connecting ??= this.#connectAnew().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  #connectAnew(): Promise<unknown> {
    this.#frame = null; // what the lost connection left unfinished
    this.#filled = 0;
    return super.connect();
  }

  override processData(chunk: Buffer): void {
    if (this.authHandlers) {
      super.processData(Buffer.from(chunk));
      return;
    }
    for (let at = 0; at < chunk.length; )
      at = this.#frame ? this.#fill(this.#frame, chunk, at) : this.#begin(chunk, at);
  }

  #begin(chunk: Buffer, at: number): number {
    const taken = Math.min(LENGTH_BYTES - this.#filled, chunk.length - at);
    chunk.copy(this.#length, this.#filled, at, at + taken);
    this.#filled += taken;
    if (this.#filled === LENGTH_BYTES) {
      this.#sizeBytes = this.#length.readInt32BE(0);
      this.#frame = blockPool.take(this.#sizeBytes);
      this.#filled = 0;
    }
    return at + taken;
  }

  #fill(frame: Buffer, chunk: Buffer, at: number): number {
    const taken = Math.min(this.#sizeBytes - this.#filled, chunk.length - at);
    chunk.copy(frame, this.#filled, at, at + taken);
    this.#filled += taken;
    if (this.#filled === this.#sizeBytes) {
      this.#frame = null;
      this.#filled = 0;
      const correlationId = frame.readInt32BE(0);
      const payload = frame.subarray(LENGTH_BYTES, this.#sizeBytes);
      this.requestQueue.fulfillRequest({ size: this.#sizeBytes, correlationId, payload });
    }
    return at + taken;
  }

  /** Requests are sent in the order of the calls. @returns the answer without its correlation id */
  async sendParts(request: RawRequest): Promise<Buffer> {
    if (!this.isAuthenticated()) await this.authenticate();
    this.failIfNotConnected();
    const { apiKey, apiVersion, apiName } = request;
    const correlationId = this.nextCorrelationId();
    const header = createWriter()
      .int16(apiKey)
      .int16(apiVersion)
      .int32(correlationId)
      .shortText(this.clientId);
    const sizeBytes = request.parts.reduce((sum, part) => sum + part.length, header.length);
    const parts = [createWriter().int32(sizeBytes).done(), header.done(), ...request.parts];
    const answer = await new Promise<{ readonly payload: Buffer }>((resolve, reject) => {
      const entry = { apiKey, apiName, apiVersion, correlationId, resolve, reject };
      this.requestQueue.push({
        entry,
        expectResponse: true,
        requestTimeout: request.timeoutMs,
        sendRequest: () => this.#write(parts),
      });
    });
    return answer.payload;
  }

  /** Nothing is copied: the parts must not change before the broker has answered. */
  #write(parts: readonly Uint8Array[]): void {
    const { socket } = this;
    if (!socket) return;
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  }

  /** Ends it at once: what still waits for an answer is rejected. */
  async destroy(reason: Error): Promise<void> {
    this.#ended = reason;
    this.rejectRequests(reason);
    await this.disconnect();
    this.socket?.destroy(reason);
  }
}
