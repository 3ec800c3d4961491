import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { NatsConnection } from 'nats';
import { afterEach, expect, test } from 'vitest';
import { nats } from '../../src/hubs/nats/hub.ts';
import { connectWire } from '../../src/hubs/nats/wire/connect.ts';
import { never } from '../contract/test-tables.ts';
import { uniqueName } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers } from '../support/servers.ts';

const INFO = `INFO ${JSON.stringify({ server_id: 'x', server_name: 'x', version: '2.12.3', proto: 1, headers: true, max_payload: 8_000_000 })}\r\n`;
const HALF_BYTES = 150_000;

describeWith(['nats'], 'the wire to NATS', () => {
  let closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.toReversed()) await close();
    closing = [];
  });

  /** A server of the test's own; each connection is given to `serve` with its number from 1. */
  const listen = async (serve: (socket: Socket, number: number) => void): Promise<string> => {
    let count = 0;
    const server: Server = createServer((socket) => {
      count += 1;
      socket.on('error', () => undefined);
      closing.push(() => socket.destroy());
      serve(socket, count);
    }).listen(0, '127.0.0.1');
    closing.push(() => server.close());
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const dial = async (address: string, options: object): Promise<NatsConnection> => {
    const common = { servers: [address], maxReconnectAttempts: -1, reconnectDelayHandler: () => 50 };
    const nc = await connectWire({ ...common, ...options });
    closing.push(() => nc.close());
    return nc;
  };

  test('a publisher that is told of a lost stream once goes on in the one that was made in its place', async () => {
    const hub = await nats.open(nats.parseUrl(servers().natsUrl, {}), { applicationName: 'test' });
    const topic = { transfer: uniqueName('wire'), run: 1 };
    closing.push(
      () => hub.close(),
      () => hub.topics.remove(topic, never()),
    );
    const ensure = () => hub.topics.ensure(topic, { maxBytes: 64_000_000 }, never());
    const message = (id: string) => ({ id, ordinal: 1, header: '{}', data: Buffer.alloc(100) });
    await ensure();
    const publisher = await hub.publisher(topic);
    for (let n = 1; n <= 40; n += 1) await publisher.publish(message(`old.${n}`), never());
    await hub.topics.remove(topic, never());
    const refusals: unknown[] = [];
    for (let n = 1; n <= 40; n += 1) {
      await publisher.publish(message(`new.${n}`), never()).catch(async (error: unknown) => {
        refusals.push(error);
        await ensure();
      });
    }
    // Not there, and then there with another history.
    expect(refusals.length).toBeLessThanOrEqual(2);
    expect(refusals).toEqual(refusals.map(() => expect.objectContaining({ code: 'hub.stream_lost' })));
    await publisher.close();
  });

  test('a connection that is mute while much is to be sent is left for another', async () => {
    const upstream = new URL(servers().natsUrl);
    let connections = 0;
    const taken: Socket[] = [];
    const address = await listen((socket) => {
      connections += 1;
      const server = connect(Number(upstream.port), upstream.hostname);
      closing.push(() => server.destroy());
      server.on('error', () => undefined);
      socket.pipe(server);
      server.pipe(socket);
      taken.push(socket, server);
    });
    const nc = await dial(address, { pingInterval: 200, maxPingOut: 2 });
    for (const socket of taken) {
      socket.unpipe();
      socket.pause();
    }
    for (let n = 0; n < 16; n += 1) nc.publish(uniqueName('nobody'), Buffer.alloc(900_000));
    await eventually('it connects again', () => connections >= 2);
  });

  test('what a dial says after it was given up is none of the connection in its place', async () => {
    let slow: Socket | null = null;
    let slowEnded = false;
    const address = await listen((socket, number) => {
      if (number === 1) {
        slow = socket;
        socket.on('close', () => (slowEnded = true));
        return;
      }
      socket.write(INFO);
      socket.on('data', (bytes) => {
        const text = bytes.toString();
        if (text.includes('PING')) socket.write('PONG\r\n');
        const [, subject, sid] = /SUB (\S+) (\d+)/.exec(text) ?? [];
        if (subject === undefined) return;
        socket.write(`MSG ${subject} ${sid} ${2 * HALF_BYTES}\r\n`);
        socket.write(Buffer.alloc(HALF_BYTES, 'a'), () => {
          const rest = (): void => void socket.write(`${'a'.repeat(HALF_BYTES)}\r\n`);
          if (slowEnded || !slow) rest();
          else slow.write(`${INFO}-ERR 'Authentication Timeout'\r\n`, () => setImmediate(rest));
        });
      });
    });
    const nc = await dial(address, { timeout: 300, waitOnFirstConnect: true });
    const got = new Promise<Uint8Array>((resolve) => {
      nc.subscribe('orders', { callback: (_error, message) => resolve(message.data) });
    });
    expect(Buffer.from(await got).equals(Buffer.alloc(2 * HALF_BYTES, 'a'))).toBe(true);
  });
});
