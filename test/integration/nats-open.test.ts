import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, DiscardPolicy } from 'nats';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../../scripts/servers/process/free-port.mjs';
import type { NatsOptions, RunningNats } from '../../scripts/servers/start-nats.mjs';
import type { Hub } from '../../src/engine/ports/hub.ts';
import { nats } from '../../src/hubs/nats/hub.ts';
import { namesOf } from '../../src/hubs/nats/names.ts';
import { MIB, message, never, until } from '../contract/hub-fixture.ts';
import { describeWith, startOwnNats } from '../support/servers.ts';

/** Says of itself what a server says, and nothing else: a client that asks further waits. */
async function startSaying(version: string): Promise<string> {
  const info = { server_id: 'x', version, proto: 1, max_payload: 1_048_576, headers: true, jetstream: true };
  const server = createServer((socket) => {
    socket.on('error', () => undefined).write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (data) => {
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let closing: (() => Promise<unknown>)[] = [];
let folder = '';

const start = async (options: NatsOptions = {}): Promise<RunningNats> => {
  const server = await startOwnNats(options);
  closing.push(() => server.stop());
  return server;
};
const open = async (url: string, settings: Record<string, unknown> = {}): Promise<Hub> => {
  const hub = await nats.open(nats.parseUrl(url, settings), { applicationName: 'open test' });
  closing.push(() => hub.close());
  return hub;
};
const withUser = (url: string, credentials: string): string => url.replace('//', `//${credentials}@`);

/** The server of the tests, but without JetStream: startNats always has it. */
async function startWithoutJetStream(program: string): Promise<string> {
  const [port = 0] = await freePorts(1);
  const child: ChildProcess = spawn(program, ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  closing.push(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const url = `nats://127.0.0.1:${port}`;
  await until(async () => {
    try {
      await (await connect({ servers: url, reconnect: false })).close();
      return true;
    } catch {
      return false;
    }
  });
  return url;
}

function makeCertificate(): { readonly cert: string; readonly key: string } {
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const out = ['-keyout', paths.key, '-out', paths.cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...out], {
    stdio: 'ignore',
  });
  return paths;
}

describeWith(['nats'], 'opening NATS', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-nats-open-'));
  });
  afterEach(async () => {
    for (const close of closing.toReversed()) await close();
    closing = [];
    rmSync(folder, { recursive: true, force: true });
  });

  test('nobody at the address: hub.unreachable', async () => {
    const [port = 0] = await freePorts(1);
    await expect(open(`nats://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'hub.unreachable',
      details: { vendorCode: 'CONNECTION_REFUSED' },
    });
  });

  test('a wrong password: hub.authentication_failed, and the message shows neither', async () => {
    const server = await start({ extraConfig: 'authorization { user: mover, password: right }' });
    const failure = await open(withUser(server.url, 'mover:wrong')).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'hub.authentication_failed',
      details: { vendorCode: 'AUTHORIZATION_VIOLATION' },
    });
    expect((failure as Error).message).not.toMatch(/wrong|right/);
    await expect(open(server.url)).rejects.toMatchObject({ code: 'hub.authentication_failed' });
    const hub = await open(withUser(server.url, 'mover:right'));
    expect(await hub.ping(never)).toMatch(/^nats-server \d/);
    await open(server.url, { user: 'mover', password: 'right' });
  });

  test('a token logs in', async () => {
    const server = await start({ extraConfig: 'authorization { token: "s3cret" }' });
    await open(withUser(server.url, 's3cret'));
    await open(server.url, { token: 's3cret' });
    await expect(open(server.url, { token: 'other' })).rejects.toMatchObject({
      code: 'hub.authentication_failed',
    });
  });

  test('a server that would leave out what a consumer asks for: hub.version_unsupported, and which one to use', async () => {
    await expect(open(await startSaying('2.9.25'))).rejects.toMatchObject({
      code: 'hub.version_unsupported',
      details: { suggestion: expect.stringContaining('2.10') },
    });
  });

  test('a server without JetStream, and an account without it: hub.jetstream_disabled', async () => {
    const server = await start({ extraConfig: 'accounts { plain { users: [{ user: a, password: a }] } }' });
    await expect(open(withUser(server.url, 'a:a'))).rejects.toMatchObject({ code: 'hub.jetstream_disabled' });
    const plain = await startWithoutJetStream(server.program);
    await expect(open(plain)).rejects.toMatchObject({ code: 'hub.jetstream_disabled' });
  });

  test('a user who may not publish is told so, not kept waiting', async () => {
    const server = await start({
      extraConfig: `authorization { users: [
        { user: admin, password: a }
        { user: mover, password: m, permissions: { publish: { allow: ["$JS.>"] } } }
      ] }`,
    });
    const admin = await open(withUser(server.url, 'admin:a'));
    const mover = await open(withUser(server.url, 'mover:m'));
    const topic = { transfer: 'denied', run: 1 };
    await admin.topics.ensure(topic, { maxBytes: MIB }, never);
    const publisher = await mover.publisher(topic);
    await expect(publisher.publish(message(1), never)).rejects.toMatchObject({
      code: 'hub.authentication_failed',
    });
  });

  test('TLS: the right authority is needed, and there is no way back to plain text', async () => {
    const { cert, key } = makeCertificate();
    const server = await start({ extraConfig: `tls { cert_file: "${cert}", key_file: "${key}" }` });
    const encrypted = server.url.replace('nats:', 'tls:');
    const hub = await open(encrypted, { tls: { ca: cert } });
    expect(await hub.ping(never)).toMatch(/^nats-server/);
    await open(server.url, { tls: { ca: readFileSync(cert, 'utf8') } });
    await expect(open(encrypted)).rejects.toMatchObject({ code: 'hub.authentication_failed' });
    const plain = await start();
    await expect(open(plain.url.replace('nats:', 'tls:'))).rejects.toMatchObject({
      code: 'hub.unreachable',
      details: { vendorCode: 'SERVER_OPT_NA' },
    });
  });

  test('warnings: a small payload, writes that are not synced; none where all is well', async () => {
    const poor = await start({ maxPayloadBytes: 1_048_576 });
    const unknown = await open(poor.url);
    expect(await unknown.warnings(never)).toEqual([
      expect.stringContaining('max_payload is 1048576'),
      expect.stringContaining('could not be checked'),
    ]);
    const asked = await open(poor.url, { monitor: poor.monitorUrl });
    expect(await asked.warnings(never)).toEqual([
      expect.stringContaining('max_payload is 1048576'),
      expect.stringContaining('does not sync each write'),
    ]);
    expect(await asked.topics.maxMessageBytes(never)).toBe(1_048_576 - 4096);
    const good = await start({ syncAlways: true });
    const hub = await open(good.url, { monitor: good.monitorUrl });
    expect(await hub.warnings(never)).toEqual([]);
  });

  test('a stream with other settings is refused and left as it is', async () => {
    const server = await start();
    const hub = await open(server.url);
    const topic = { transfer: 'other', run: 1 };
    const names = namesOf(topic);
    const client = await connect({ servers: server.url });
    closing.push(() => client.close());
    const { streams } = await client.jetstreamManager();
    await streams.add({
      name: names.dataStream,
      subjects: [names.dataSubjects],
      discard: DiscardPolicy.Old,
      max_age: 60e9,
    });
    await expect(hub.topics.ensure(topic, { maxBytes: MIB }, never)).rejects.toMatchObject({
      code: 'hub.settings_differ',
      message: expect.stringMatching(/discard is old, not new; max_age is 60000000000, not 0/),
    });
    const { config } = await streams.info(names.dataStream);
    expect(config).toMatchObject({ discard: 'old', max_age: 60e9 });
  });

  test('streams that the server has no room for: hub.full', async () => {
    const server = await start({
      extraConfig: 'accounts { small { jetstream: { max_file: 10MB }, users: [{ user: s, password: s }] } }',
    });
    const hub = await open(withUser(server.url, 's:s'));
    const huge = hub.topics.ensure({ transfer: 'huge', run: 1 }, { maxBytes: 1024 * MIB }, never);
    await expect(huge).rejects.toMatchObject({ code: 'hub.full' });
  });

  test('lowering the size of a stream deletes nothing', async () => {
    const server = await start();
    const hub = await open(server.url);
    const topic = { transfer: 'lower', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
    const publisher = await hub.publisher(topic);
    for (const n of [1, 2, 3]) await publisher.publish(message(n, Buffer.alloc(MIB)), never);
    await hub.topics.ensure(topic, { maxBytes: MIB }, never);
    const { messages, maxBytes } = await hub.topics.backlog(topic, never);
    expect(messages).toBe(3);
    expect(maxBytes).toBeGreaterThanOrEqual(3 * MIB);
  });
});
