import { chmodSync, chownSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshFolder, unprivilegedUser } from '../../scripts/servers/process/data-folder.mjs';
import type { RunningPostgres } from '../../scripts/servers/start-postgres.mjs';
import { type Certificate, createAuthority } from './certificates.ts';
import { startOwnPostgres } from './servers.ts';

/** Nobody but the administrator of the tests comes in without a password, and strangers only encrypted. */
const HBA = `
host    all postgres 127.0.0.1/32 trust
hostssl all all      127.0.0.1/32 scram-sha-256
`;

export interface SecurePostgres extends RunningPostgres {
  /** The authority that signed the server's certificate, which is for 127.0.0.1 and not for localhost. */
  readonly authority: Certificate;
  /** One that did not. */
  readonly otherAuthority: Certificate;
  /** The URL of a database of this server for a user. */
  urlOf(database: string, user: string, password: string): string;
}

/** A PostgreSQL of this test alone that asks for TLS and a password. */
export async function startSecurePostgres(): Promise<SecurePostgres> {
  const folder = freshFolder('secure-postgres');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const authority = createAuthority(folder);
    const otherAuthority = createAuthority(folder, 'other');
    const { cert, key } = authority.issue('server', 'IP:127.0.0.1');
    const user = await unprivilegedUser();
    const own = { hba: join(folder, 'hba.conf'), key: join(folder, 'server-own.key') };
    writeFileSync(own.hba, HBA);
    // PostgreSQL takes only a key that nobody else can read.
    copyFileSync(key, own.key);
    chmodSync(own.key, 0o600);
    if (user) chownSync(own.key, user.uid, user.gid);
    const server = await startOwnPostgres({
      settings: {
        hba_file: own.hba,
        password_encryption: 'scram-sha-256',
        ssl: 'on',
        ssl_cert_file: cert,
        ssl_key_file: own.key,
      },
    });
    return {
      ...server,
      stop: () => server.stop().finally(remove),
      authority,
      otherAuthority,
      urlOf: (database, name, password) => {
        const url = new URL(server.url);
        Object.assign(url, { username: name, password, pathname: `/${database}` });
        return url.href;
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
