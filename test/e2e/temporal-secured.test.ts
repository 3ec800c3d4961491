import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, missingOpenssl } from '../support/certificates.ts';
import { createFolder } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, servers } from '../support/servers.ts';
import { type Ran, sluice } from '../support/sluice.ts';
import { startTemporalGate, type TemporalGate } from '../support/temporal-gate.ts';

const NAME = 'temporal.test';
const API_KEY = 'key-of-this-test';
const ROWS = 500;

describeWith(['nats', 'temporal'], 'a Temporal server that wants certificates and a key', () => {
  describe.skipIf(missingOpenssl() !== null)('with openssl', () => {
    let folder: Awaited<ReturnType<typeof createFolder>>;
    let gate: TemporalGate;
    let tls: Readonly<Record<string, string>>;

    /** Runs a command as somebody with these settings; what is not given is not set at all. */
    const run = (environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> =>
      sluice(
        {
          configPath: join(folder.path, 'none.yaml'),
          temporalAddress: gate.address,
          taskQueue: 'unused',
          environment: { SLUICE_STATE: join(folder.path, 'state'), ...environment },
        },
        ...args,
      );

    beforeAll(async () => {
      folder = await createFolder();
      const authority = createAuthority(folder.path);
      const client = authority.issue('client', 'DNS:client');
      gate = await startTemporalGate({
        address: servers().temporalAddress,
        server: authority.issue('server', `DNS:${NAME}`),
        clientAuthority: authority.cert,
        apiKey: API_KEY,
      });
      tls = {
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.cert,
        TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
        TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
        TEMPORAL_TLS_SERVER_NAME: NAME,
      };
    });

    afterAll(async () => {
      const stateFiles = () => readdir(join(folder.path, 'state')).catch(() => []);
      await eventually('no worker is left', async () =>
        (await stateFiles()).every((name) => !name.endsWith('.pid')),
      );
      await gate?.stop();
      await folder?.remove();
    });

    test('a copy, command and worker, with all of them', async () => {
      const [from, to] = [join(folder.path, 'from.db'), join(folder.path, 'to.db')];
      const source = new Database(from);
      source.exec(`CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO items SELECT i, 'item ' || i FROM n`);
      source.close();
      const urls = [`sqlite:${from}`, `sqlite:${to}`, '--tables', '*', '--hub', servers().natsUrl];
      // Flags as well as variables: the command hands both on to its worker.
      const {
        TEMPORAL_TLS_CLIENT_CERT_PATH: cert = '',
        TEMPORAL_TLS_CLIENT_KEY_PATH: key = '',
        ...rest
      } = tls;
      const flags = ['--tls-cert-path', cert, '--tls-key-path', key];
      const { code, stderr } = await run({ ...rest, TEMPORAL_API_KEY: API_KEY }, 'copy', ...urls, ...flags);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const target = new Database(to, { readonly: true });
      expect(target.prepare('SELECT count(*), sum(id) FROM items').raw().get()).toEqual([
        ROWS,
        (ROWS * (ROWS + 1)) / 2,
      ]);
      target.close();
    });

    test.each([
      ['no certificate of ours', ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH'], API_KEY],
      ['no authority for theirs', ['TEMPORAL_TLS_SERVER_CA_CERT_PATH'], API_KEY],
      ['another name than theirs', ['TEMPORAL_TLS_SERVER_NAME'], API_KEY],
      ['another key', [], 'another'],
    ])('refuses with %s: exit code 3, and the key is not shown', async (_, left, key) => {
      const given = Object.fromEntries(Object.entries(tls).filter(([name]) => !left.includes(name)));
      const { code, stdout, stderr } = await run({ ...given, TEMPORAL_API_KEY: key }, 'list');
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('temporal.unreachable') });
      expect(stdout + stderr).not.toContain(key);
    });
  });
});
