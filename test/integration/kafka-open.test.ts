import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { freePorts } from '../../scripts/servers/process/free-port.mjs';
import type { KafkaOptions } from '../../scripts/servers/start-kafka.mjs';
import type { Hub } from '../../src/engine/ports/hub.ts';
import { kafka } from '../../src/hubs/kafka/hub.ts';
import { createAuthority, missingOpenssl } from '../support/certificates.ts';
import { collect, message, MIB, never, until } from '../contract/hub-fixture.ts';
import { describeWith, servers, startOwnKafka } from '../support/servers.ts';

let closing: (() => Promise<unknown>)[] = [];

const open = async (url: string, settings: Record<string, unknown> = {}): Promise<Hub> => {
  const hub = await kafka.open(kafka.parseUrl(url, settings), { applicationName: 'open test' });
  closing.push(() => hub.close());
  return hub;
};

afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

const secured = (
  protocol: string,
  port: readonly number[],
  more: Record<string, string>,
): Record<string, string> => ({
  listeners: `${protocol}://127.0.0.1:${port[0]},CONTROLLER://127.0.0.1:${port[1]}`,
  'advertised.listeners': `${protocol}://127.0.0.1:${port[0]}`,
  'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${protocol}:${protocol}`,
  'inter.broker.listener.name': protocol,
  ...more,
});

const LOGIN = 'org.apache.kafka.common.security';
const withUsers: KafkaOptions = {
  secured: true,
  properties: (ports) =>
    secured('SASL_PLAINTEXT', ports, {
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
      'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${LOGIN}.plain.PlainLoginModule required username="admin" password="admin" user_admin="admin" user_mover="right";`,
      'listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    }),
  formatArgs: ['--add-scram', 'SCRAM-SHA-512=[name=shaker,password=scrambled]'],
};

describeWith(['kafka'], 'opening Kafka', () => {
  test('nobody at the address: hub.unreachable', async () => {
    const [port = 0] = await freePorts(1);
    await expect(open(`kafka://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'hub.unreachable',
      details: { vendorCode: 'ECONNREFUSED' },
    });
  });

  test('one of the brokers of the URL is enough', async () => {
    const [port = 0] = await freePorts(1);
    const hub = await open(servers().kafkaUrl.replace('//', `//127.0.0.1:${port},`));
    expect(await hub.ping(never)).toMatch(/^Kafka \d/);
  });

  test('a wrong password: hub.authentication_failed, and the message shows neither; PLAIN and SCRAM log in', async () => {
    const server = await startOwnKafka(withUsers);
    closing.push(() => server.stop());
    const failure = await open(`kafka://mover:wrong@${server.brokers}`, { mechanism: 'plain' }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'hub.authentication_failed' });
    expect((failure as Error).message).not.toMatch(/wrong|right/);
    const plain = await open(`kafka://mover:right@${server.brokers}`, { mechanism: 'plain' });
    const topic = { transfer: 'plain', run: 1 };
    await plain.topics.ensure(topic, { maxBytes: MIB }, never);
    const scram = await open(`kafka://${server.brokers}`, { user: 'shaker', password: 'scrambled' });
    const publisher = await scram.publisher(topic);
    await publisher.publish(message(1, Buffer.alloc(MIB)), never);
    const consumer = await scram.consumer(topic, { messages: 1, bytes: MIB });
    const got = collect(consumer);
    await until(() => got.seen.length === 1);
    await got.stop();
    await expect(open(`kafka://${server.brokers}`)).rejects.toMatchObject({
      code: expect.stringMatching(/^hub\.(unreachable|authentication_failed)$/),
    });
  });

  describe.skipIf(missingOpenssl() !== null)('with TLS', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-kafka-tls-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('the right authority and a certificate of ours are needed, and large messages pass', async () => {
      const authority = createAuthority(folder);
      const { cert, key } = authority.issue('broker', 'IP:127.0.0.1');
      const client = authority.issue('client', 'DNS:client');
      const store = join(folder, 'store.pem');
      writeFileSync(store, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'), { mode: 0o600 });
      const server = await startOwnKafka({
        secured: true,
        properties: (ports) =>
          secured('SSL', ports, {
            'ssl.keystore.type': 'PEM',
            'ssl.keystore.location': store,
            'ssl.truststore.type': 'PEM',
            'ssl.truststore.location': authority.cert,
            'ssl.client.auth': 'required',
          }),
      });
      closing.push(() => server.stop());
      const url = `kafkas://${server.brokers}`;
      const tls = { ca: authority.cert, ...client };
      for (const wrong of [undefined, { ...client }, { ...tls, ca: join(folder, 'none') }]) {
        await expect(open(url, wrong ? { tls: wrong } : {})).rejects.toMatchObject({
          code: 'hub.authentication_failed',
        });
      }
      // A broker closes the connection of who shows no certificate, with or without a word.
      await expect(open(url, { tls: { ca: authority.cert } })).rejects.toMatchObject({
        code: expect.stringMatching(/^hub\.(unreachable|authentication_failed)$/),
      });
      const hub = await open(url, { tls });
      const topic = { transfer: 'tls', run: 1 };
      await hub.topics.ensure(topic, { maxBytes: 64 * MIB }, never);
      const publisher = await hub.publisher(topic);
      await publisher.publish(message(1, Buffer.alloc(3 * MIB, 7)), never);
      const consumer = await hub.consumer(topic, { messages: 1, bytes: MIB });
      const got = collect(consumer);
      await until(() => got.seen.length === 1);
      await got.stop();
      expect(got.seen[0]?.data.length).toBe(3 * MIB);
      await expect(open(`kafka://${server.brokers}`)).rejects.toMatchObject({ code: 'hub.unreachable' });
    });
  });
});
