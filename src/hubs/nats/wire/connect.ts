import type { ConnectionOptions, NatsConnection } from 'nats';
import {
  NatsConnectionImpl,
  ProtocolHandler,
  setTransportFactory,
} from 'nats/lib/nats-base-client/internal_mod.js';
import { nodeResolveHost } from 'nats/lib/src/node_transport.js';
import { blockPool } from '../../../engine/driver/block-pool.ts';
import { FrameParser } from './frame-parser.ts';
import { ReusingTransport, sinks } from './transport.ts';

/** What is smaller is joined by the driver with what else is to be sent. */
const LARGE_BYTES = 64 * 1024;

/** The driver's protocol over our transport and parser. */
class Protocol extends ProtocolHandler {
  #frames: FrameParser | null = null;

  constructor(options: ConnectionOptions, nc: NatsConnectionImpl) {
    super(options, nc);
    // A dial that was given up may still be greeted: its words are none of the connection that took its place.
    sinks.set(options, (chunk, from) => {
      if (from === this.transport) this.#frames?.parse(chunk);
    });
  }

  /** The driver calls this before each new transport. */
  override resetOutbound(): void {
    super.resetOutbound();
    this.#frames = new FrameParser(blockPool, (event) => this.push(event));
    // The factory is the driver's one for all its connections; another `connect` may have set its own.
    setTransportFactory({ factory: () => new ReusingTransport(), dnsResolveFn: nodeResolveHost });
  }

  override sendCommand(command: string | Uint8Array, ...payloads: Uint8Array[]): void {
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    const { transport } = this;
    if (bytes < LARGE_BYTES || !this.connected || !(transport instanceof ReusingTransport)) {
      super.sendCommand(command, ...payloads);
      return;
    }
    const before = this.outbound.size() > 0 ? [this.outbound.drain()] : [];
    transport.sendParts([...before, Buffer.from(command), ...payloads]);
  }
}

/**
 * `connect` of the driver: its protocol, authentication, TLS, subscriptions and reconnecting, without its copies.
 *
 * The parts replaced are not of the driver's documented surface; its version is pinned in package.json for that.
 */
export async function connectWire(options: ConnectionOptions): Promise<NatsConnection> {
  // The constructor is private in the types only.
  const nc = Reflect.construct(NatsConnectionImpl, [options]) as NatsConnectionImpl;
  const protocol = new Protocol(nc.options, nc);
  await protocol.dialLoop();
  nc.protocol = protocol;
  void (async () => {
    for await (const status of protocol.status()) for (const listener of nc.listeners) listener.push(status);
  })();
  return nc as NatsConnection;
}
