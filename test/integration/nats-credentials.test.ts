import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import type { Hub } from '../../src/engine/ports/hub.ts';
import { nats } from '../../src/hubs/nats/hub.ts';
import { MIB, never } from '../contract/hub-fixture.ts';
import { createAuthority, missingOpenssl } from '../support/certificates.ts';
import { createOperator } from '../support/nats-jwt.ts';
import { describeWith, startOwnNats } from '../support/servers.ts';

const seedOf = (pair: ReturnType<typeof nkeys.createUser>): string =>
  new TextDecoder().decode(pair.getSeed());

describeWith(['nats'], 'logging in to NATS with keys', () => {
  let folder = '';
  let closing: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-nats-credentials-'));
  });
  afterEach(async () => {
    for (const close of closing.toReversed()) await close();
    closing = [];
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (extraConfig: string): Promise<RunningNats> => {
    const server = await startOwnNats({ extraConfig });
    closing.push(() => server.stop());
    return server;
  };
  const open = async (url: string, settings: Record<string, unknown>): Promise<Hub> => {
    const hub = await nats.open(nats.parseUrl(url, settings), { applicationName: 'credentials test' });
    closing.push(() => hub.close());
    return hub;
  };
  /** More than a login: an account without JetStream would let us in as well. */
  const works = async (hub: Hub): Promise<void> => {
    const topic = { transfer: 'keys', run: 1 };
    await hub.topics.ensure(topic, { maxBytes: MIB }, never);
    expect(await hub.topics.backlog(topic, never)).toMatchObject({ lost: false });
  };

  test('an nkey: the right seed, and no other', async () => {
    const user = nkeys.createUser();
    const server = await start(`authorization { users: [{ nkey: ${user.getPublicKey()} }] }`);
    await works(await open(server.url, { nkey: seedOf(user) }));
    const seed = seedOf(nkeys.createUser());
    const failure = await open(server.url, { nkey: seed }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'hub.authentication_failed' });
    expect(JSON.stringify([failure, (failure as Error).message])).not.toContain(seed);
  });

  test('a .creds file: of the account, of another operator, and one that is not there', async () => {
    const [right, wrong] = [createOperator(), createOperator()];
    const file = (name: string, creds: string): string => {
      const path = join(folder, `${name}.creds`);
      writeFileSync(path, creds, { mode: 0o600 });
      return path;
    };
    const server = await start(right.serverConfig);
    await works(await open(server.url, { credsFile: file('right', right.creds) }));
    for (const credsFile of [file('wrong', wrong.creds), join(folder, 'missing.creds')]) {
      await expect(open(server.url, { credsFile })).rejects.toMatchObject({
        code: 'hub.authentication_failed',
      });
    }
  });

  test.skipIf(missingOpenssl())('a client certificate, where the server asks for one', async () => {
    const names = 'IP:127.0.0.1,DNS:localhost';
    const authority = createAuthority(folder);
    const [own, client] = [authority.issue('server', names), authority.issue('client', names)];
    const stranger = createAuthority(folder, 'other').issue('stranger', names);
    const server = await start(
      `tls { cert_file: "${own.cert}", key_file: "${own.key}", ca_file: "${authority.cert}", verify: true }`,
    );
    const url = server.url.replace('nats:', 'tls:');
    await works(await open(url, { tls: { ca: authority.cert, cert: client.cert, key: client.key } }));
    for (const given of [{}, { cert: stranger.cert, key: stranger.key }]) {
      await expect(open(url, { tls: { ca: authority.cert, ...given } })).rejects.toMatchObject({
        name: 'SluiceError',
        code: expect.stringMatching(/^hub\./),
      });
    }
  });

  test.skipIf(missingOpenssl())(
    'a certificate must be of the name or the address that is dialled',
    async () => {
      const authority = createAuthority(folder);
      const named = authority.issue('named', 'DNS:localhost');
      const server = await start(`tls { cert_file: "${named.cert}", key_file: "${named.key}" }`);
      const byAddress = server.url.replace('nats:', 'tls:');
      const tls = { ca: authority.cert };
      await works(await open(byAddress.replace('127.0.0.1', 'localhost'), { tls }));
      await expect(open(byAddress, { tls })).rejects.toMatchObject({
        code: 'hub.authentication_failed',
        details: { vendorCode: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      });
    },
  );
});
