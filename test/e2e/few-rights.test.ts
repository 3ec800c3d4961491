import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningNats } from '../../scripts/servers/start-nats.mjs';
import { createAuthority, missingOpenssl } from '../support/certificates.ts';
import { blocksOf } from '../support/docs.ts';
import { digestSql, keylessSql, ordersSql } from '../support/orders.ts';
import { type SecurePostgres, startSecurePostgres } from '../support/secure-postgres.ts';
import { describeWith, startOwnNats } from '../support/servers.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

const PASSWORD = 'p@ss/wörd';
const TABLES = ['orders', 'events', 'numbered', 'salaries'];

/** The page speaks of the databases shop and warehouse, and of the user app; here they are as it says. */
const [SOURCE_GRANTS = '', TARGET_GRANTS = ''] = blocksOf('how-to/rights.md', 'sql');
const [HUB_RIGHTS = ''] = blocksOf('how-to/rights.md', '');

describe.skipIf(missingOpenssl())(`few rights (${missingOpenssl() ?? 'openssl'})`, () => {
  describeWith(
    ['postgres', 'nats', 'temporal'],
    'a user with the rights that docs/how-to/rights.md gives',
    () => {
      let server: SecurePostgres;
      let hub: RunningNats;
      let world: TransferWorld;
      const folder = mkdtempSync(join(tmpdir(), 'sluice-few-rights-'));

      const administer = async (database: string, ...statements: readonly string[]): Promise<unknown> => {
        const url = new URL(server.url);
        url.pathname = `/${database}`;
        const client = new pg.Client({ connectionString: url.href });
        await client.connect();
        try {
          for (const sql of statements.slice(0, -1)) await client.query(sql);
          const { rows } = await client.query<Record<string, unknown>>(statements.at(-1) ?? '');
          return rows?.[0] && Object.values(rows[0])[0];
        } finally {
          await client.end();
        }
      };

      beforeAll(async () => {
        server = await startSecurePostgres();
        await administer('postgres', 'CREATE DATABASE shop', 'CREATE DATABASE warehouse');
        await administer('postgres', `CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`);
        const numbered = 'CREATE TABLE numbered (id serial PRIMARY KEY, note text)';
        await administer('shop', ordersSql(6_000), keylessSql(2_000), numbered);
        await administer(
          'shop',
          `INSERT INTO numbered (note) SELECT 'n' || g FROM generate_series(1, 500) g`,
        );
        await administer('shop', SOURCE_GRANTS, 'CREATE TABLE salaries (id int PRIMARY KEY)');
        // A table of somebody else, with rows; the others are made by the transfer.
        await administer('warehouse', numbered, `INSERT INTO numbered (note) VALUES ('old')`, TARGET_GRANTS);
        const authority = createAuthority(folder, 'hub-authority');
        const { cert, key } = authority.issue('hub', 'IP:127.0.0.1,DNS:localhost');
        hub = await startOwnNats({
          extraConfig: `${HUB_RIGHTS}\ntls { cert_file: "${cert}", key_file: "${key}" }`,
        });
        const tls = { sslMode: 'verify-full', sslRootCert: server.authority.cert };
        const inUrl = `?sslmode=verify-full&sslrootcert=${encodeURIComponent(server.authority.cert)}`;
        world = await createWorld({
          source: server.urlOf('shop', 'app', PASSWORD) + inUrl,
          target: { url: server.urlOf('warehouse', 'app', ''), password: PASSWORD, ...tls },
          hub: {
            url: hub.url.replace('nats://', 'tls://sluice@'),
            password: 'change-me',
            tls: { ca: authority.cert },
          },
          spec: {
            tables: { 'public.*': {} },
            consistency: 'snapshot',
            write: { mode: 'truncate' },
            completion: { verify: 'checksum' },
          },
        });
      });

      afterAll(async () => {
        await world?.close();
        await hub?.stop();
        await server?.stop();
        rmSync(folder, { recursive: true, force: true });
      });

      test('passes the doctor', async () => {
        world.worker();
        await world.eventually('the worker is seen', async () => (await world.cli('doctor')).code === 0);
        const ran = await world.cli('doctor', '--install');
        expect(ran.code, ran.stdout + ran.stderr).toBe(0);
      });

      test('carries every connection encrypted, and a table without rights is blocked with its GRANT', async () => {
        world.worker();
        await world.start();
        const blocked = await world.eventually('salaries is blocked', async () =>
          (await world.tables()).tables.find(({ status }) => status === 'blocked'),
        );
        expect(blocked).toMatchObject({
          table: 'public.salaries',
          error: {
            code: 'database.permission_denied',
            suggestion: 'GRANT SELECT ON "public"."salaries" TO "app";',
          },
        });
        await administer('shop', blocked.error?.suggestion ?? '');
        const retried = await world.cli('table', 'retry', world.transfer, 'public.salaries');
        expect(retried.code, retried.stdout + retried.stderr).toBe(0);
        expect(await world.result()).toMatchObject({ phase: 'finished', compared: 4, equal: 4, skipped: 0 });
        for (const table of TABLES) {
          expect(await administer('warehouse', digestSql(table)), table).toBe(
            await administer('shop', digestSql(table)),
          );
        }
      });
    },
  );
});
