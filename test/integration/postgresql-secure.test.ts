import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { postgresql } from '../../src/databases/postgresql/dialect.ts';
import type { Database } from '../../src/engine/ports/dialect.ts';
import { never, planOf } from '../contract/test-tables.ts';
import { missingOpenssl } from '../support/certificates.ts';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { postgresqlHarness, postgresUrl, TEST_OPTIONS } from '../support/postgresql-harness.ts';
import { type SecurePostgres, startSecurePostgres } from '../support/secure-postgres.ts';
import { describeWith } from '../support/servers.ts';

const PASSWORD = 'canary-p@ss/wörd';

const open = (url: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Database> =>
  postgresql.open(postgresql.parseUrl(url, settings), TEST_OPTIONS);

describe.skipIf(missingOpenssl())(
  `PostgreSQL with password and TLS (${missingOpenssl() ?? 'openssl'})`,
  () => {
    describeWith(['postgres'], 'a server that asks for both', () => {
      let server: SecurePostgres;
      let database: TestDatabase;
      const opened: Database[] = [];

      beforeAll(async () => {
        server = await startSecurePostgres();
        database = await createPostgresDatabase(server.url);
        await database.query(
          `CREATE ROLE mover LOGIN PASSWORD '${PASSWORD}'; CREATE TABLE encrypted (id int PRIMARY KEY);
        INSERT INTO encrypted VALUES (1); GRANT SELECT ON encrypted TO mover`,
        );
      });
      afterAll(async () => {
        await Promise.all(opened.map((each) => each.close()));
        await server?.stop();
      });

      const urlAs = (password: string): string => server.urlOf(database.name, 'mover', password);
      /** How many sessions of the user are encrypted, and how many are not. */
      const sessions = (): Promise<readonly (readonly (string | null)[])[]> =>
        database.query(
          `SELECT count(*) FILTER (WHERE s.ssl), count(*) FILTER (WHERE NOT s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename = 'mover'`,
        );
      const connects = async (url: string, settings: Readonly<Record<string, unknown>>): Promise<void> => {
        const one = await open(url, settings);
        opened.push(one);
        expect(await one.ping(never())).toMatch(/^PostgreSQL/);
      };

      test.each([
        [
          'verify-full with its authority',
          () => ({ sslMode: 'verify-full', sslRootCert: server.authority.cert }),
        ],
        ['require, which looks at no certificate', () => ({ sslMode: 'require' })],
      ])('lets in, encrypted: %s', async (_, settings) => {
        await connects(urlAs(PASSWORD), settings());
        const [row] = await sessions();
        expect(Number(row?.[0])).toBeGreaterThan(0);
        expect(row?.[1]).toBe('0');
      });

      test('the same in the URL, and the password beside it', async () => {
        const ca = encodeURIComponent(server.authority.cert);
        const url = `${urlAs('')}?sslmode=verify-full&sslrootcert=${ca}`;
        await connects(url, { password: PASSWORD });
      });

      test.each([
        ['another authority', () => ({ sslRootCert: server.otherAuthority.cert }), '127.0.0.1'],
        ['the authorities of the system', () => ({}), '127.0.0.1'],
        [
          'a name that the certificate is not for',
          () => ({ sslRootCert: server.authority.cert }),
          'localhost',
        ],
      ])('verify-full refuses %s, before the password leaves', async (_, settings, host) => {
        const url = new URL(urlAs(PASSWORD));
        url.hostname = host;
        const failure = await open(url.href, { sslMode: 'verify-full', ...settings() }).catch(
          (error: unknown) => error,
        );
        expect(failure).toMatchObject({ code: 'database.authentication_failed' });
        expect((failure as Error).message).toMatch(/CERT|SIGNATURE/);
      });

      test.each([
        ['a wrong password', () => urlAs('wrong')],
        ['no password', () => urlAs('')],
      ])('refuses %s, and shows none', async (_, url) => {
        const failure = await open(url(), { sslMode: 'require' }).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: 'database.authentication_failed' });
        expect(JSON.stringify([failure, (failure as Error).message])).not.toMatch(/wrong|canary/);
      });

      test('refuses who does not encrypt', async () => {
        await expect(open(urlAs(PASSWORD), { sslMode: 'disable' })).rejects.toMatchObject({
          code: 'database.authentication_failed',
        });
      });

      test('a server without TLS is not spoken to when TLS is asked for', async () => {
        await expect(open(postgresUrl('postgres'), { sslMode: 'require' })).rejects.toMatchObject({
          name: 'SluiceError',
        });
      });

      test('a statement that is aborted ends at the server, through TLS as well', async () => {
        const settings = { sslMode: 'verify-full', sslRootCert: server.authority.cert };
        const one = await open(urlAs(PASSWORD), settings);
        opened.push(one);
        const planned = await planOf(postgresqlHarness, { source: one, target: one }, 'encrypted');
        const plan = { ...planned.plan, where: 'pg_sleep(30) IS NOT NULL' };
        const running = async (): Promise<number> =>
          Number(
            await database.cell(
              `SELECT count(*) FROM pg_stat_activity WHERE usename = 'mover' AND state = 'active' AND query LIKE '%pg_sleep%'`,
            ),
          );
        const stop = new AbortController();
        const checksum = one.reader.checksum(plan, null, stop.signal).catch((error: unknown) => error);
        await vi.waitFor(async () => expect(await running()).toBe(1));
        stop.abort(new Error('enough'));
        expect(await checksum).toMatchObject({ message: 'enough' });
        await vi.waitFor(async () => expect(await running()).toBe(0));
      });
    });
  },
);
