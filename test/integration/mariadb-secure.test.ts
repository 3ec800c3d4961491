import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mysql } from '../../src/databases/mysql/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never, planOf } from '../contract/test-tables.ts';
import { missingOpenssl } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import {
  MARIADB_OPTIONS,
  mariadbHarness,
  type MariadbPlace,
  mariadbPlace,
} from '../support/mariadb-harness.ts';
import { type SecureMariadb, startSecureMariadb } from '../support/secure-mariadb.ts';
import { describeWith, servers } from '../support/servers.ts';

const PASSWORD = 'canary-p@ss/wörd';

const open = (url: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Database> =>
  mysql.open(mysql.parseUrl(url, settings), MARIADB_OPTIONS);

describe.skipIf(missingOpenssl())(`MariaDB with password and TLS (${missingOpenssl() ?? 'openssl'})`, () => {
  describeWith(['mariadb'], 'a server whose user must encrypt', () => {
    let server: SecureMariadb;
    let place: MariadbPlace;
    const opened: Database[] = [];

    beforeAll(async () => {
      server = await startSecureMariadb();
      place = await mariadbPlace('mariadb', {}, server.url);
      await place.execute(
        `CREATE TABLE encrypted (id int PRIMARY KEY); INSERT INTO encrypted VALUES (1);
         CREATE USER mover@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL;
         CREATE USER holder@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE X509;
         CREATE USER near@localhost IDENTIFIED BY '${PASSWORD}';
         GRANT ALL ON \`${place.name}\`.* TO mover@'%'; GRANT ALL ON \`${place.name}\`.* TO holder@'%'; GRANT ALL ON \`${place.name}\`.* TO near@localhost`,
      );
    });
    afterAll(async () => {
      await Promise.all(opened.map((each) => each.close()));
      await server?.stop();
    });

    const urlAs = (user: string, password: string, search = ''): string => {
      const url = new URL(place.url);
      Object.assign(url, { username: user, password, search });
      return url.href;
    };
    const connects = async (url: string, settings: Readonly<Record<string, unknown>>): Promise<Database> => {
      const one = await open(url, settings);
      opened.push(one);
      expect(await one.ping(never())).toMatch(/^MariaDB/);
      return one;
    };
    const fails = (url: string, settings: Readonly<Record<string, unknown>>): Promise<unknown> =>
      open(url, settings).then(
        (one) => {
          opened.push(one);
          return 'it was let in';
        },
        (error: unknown) => error,
      );
    const authority = () => ({ sslRootCert: server.authority.cert });

    test.each([
      ['verify-full with its authority', () => ({ sslMode: 'verify-full', ...authority() })],
      ['verify-ca with its authority', () => ({ sslMode: 'verify-ca', ...authority() })],
      ['require, which looks at no certificate', () => ({ sslMode: 'require' })],
      ['prefer, which the server can serve', () => ({ sslMode: 'prefer' })],
    ])('lets in: %s', async (_, settings) => {
      await connects(urlAs('mover', PASSWORD), settings());
    });

    test('the same in the URL, and the password beside it', async () => {
      const search = `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${encodeURIComponent(server.authority.cert)}`;
      await connects(urlAs('mover', '', search), { password: PASSWORD });
    });

    test.each([
      ['another authority', () => ({ sslRootCert: server.otherAuthority.cert }), '127.0.0.1'],
      ['the authorities of the system', () => ({}), '127.0.0.1'],
      ['a name that the certificate is not for', authority, 'localhost'],
    ])('verify-full refuses %s, before the password leaves', async (_, settings, host) => {
      const url = new URL(urlAs('mover', PASSWORD));
      url.hostname = host;
      const failure = await fails(url.href, { sslMode: 'verify-full', ...settings() });
      expect(failure).toMatchObject({ code: 'database.authentication_failed' });
      expect((failure as Error).message).toMatch(/CERT|SIGNATURE/);
    });

    test('verify-ca lets the name pass, and no other authority', async () => {
      const url = new URL(urlAs('mover', PASSWORD));
      url.hostname = 'localhost';
      await connects(url.href, { sslMode: 'verify-ca', ...authority() });
      const other = { sslMode: 'verify-ca', sslRootCert: server.otherAuthority.cert };
      expect(await fails(url.href, other)).toMatchObject({ code: 'database.authentication_failed' });
    });

    test('a user who must show a certificate is let in with it and not without', async () => {
      const mine = { sslCert: server.client.cert, sslKey: server.client.key };
      await connects(urlAs('holder', PASSWORD), { sslMode: 'verify-full', ...authority(), ...mine });
      const files = `&ssl-cert=${encodeURIComponent(server.client.cert)}&ssl-key=${encodeURIComponent(server.client.key)}`;
      await connects(urlAs('holder', PASSWORD, `?ssl-mode=REQUIRED${files}`), {});
      expect(await fails(urlAs('holder', PASSWORD), { sslMode: 'require' })).toMatchObject({
        code: 'database.authentication_failed',
      });
    });

    test.each([
      ['a wrong password', 'wrong', 'require'],
      ['no password', '', 'require'],
      ['who does not encrypt', PASSWORD, 'disable'],
    ])('refuses %s, and shows none', async (_, password, sslMode) => {
      const failure = await fails(urlAs('mover', password), { sslMode });
      expect(failure).toMatchObject({ code: 'database.authentication_failed' });
      expect(JSON.stringify([failure, (failure as Error).message])).not.toMatch(/wrong|canary/);
    });

    test('the socket of the machine needs no TLS, and takes it', async () => {
      const socket = `?socket=${encodeURIComponent(server.socketPath)}`;
      await connects(urlAs('near', PASSWORD, socket), {});
      await connects(urlAs('near', PASSWORD, socket), { sslMode: 'verify-ca', ...authority() });
    });

    test('a statement that is aborted ends at the server, through TLS as well', async () => {
      const one = await connects(urlAs('mover', PASSWORD), { sslMode: 'verify-full', ...authority() });
      const planned = await planOf(mariadbHarness, { source: one, target: one }, 'encrypted');
      const plan = { ...planned.plan, where: 'SLEEP(30) IS NOT NULL' };
      const running = async (): Promise<number> => {
        const [row] = await place.query(
          "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'mover' AND INFO LIKE '%SLEEP%'",
        );
        return Number(row?.[0]);
      };
      const stop = new AbortController();
      const checksum = one.reader.checksum(plan, null, stop.signal).catch((error: unknown) => error);
      await eventually('it runs', async () => (await running()) === 1);
      stop.abort(new Error('enough'));
      expect(await checksum).toMatchObject({ message: 'enough' });
      await eventually('it is over', async () => (await running()) === 0);
    });

    describe('a server without TLS', () => {
      const plain = (): string => {
        const url = new URL(servers().mariadbUrl);
        url.pathname = '/mysql';
        return url.href;
      };

      test.each(['require', 'verify-ca', 'verify-full'])('is not spoken to under %s', async (sslMode) => {
        expect(await fails(plain(), { sslMode })).toMatchObject({ name: 'SluiceError' });
      });

      test('is spoken to in plain text under prefer, which asks for that', async () => {
        await connects(plain(), { sslMode: 'prefer' });
      });
    });
  });
});
