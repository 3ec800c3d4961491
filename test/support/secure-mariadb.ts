import { chmodSync, chownSync, copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freshFolder, unprivilegedUser } from '../../scripts/servers/process/data-folder.mjs';
import type { RunningMariadb } from '../../scripts/servers/start-mariadb.mjs';
import { type Certificate, createAuthority } from './certificates.ts';
import { startOwnMariadb } from './servers.ts';

export interface SecureMariadb extends RunningMariadb {
  /** The authority that signed the server's certificate, which is for 127.0.0.1 and not for localhost. */
  readonly authority: Certificate;
  /** One that did not. */
  readonly otherAuthority: Certificate;
  /** Signed by the authority, for a user who must have one. */
  readonly client: Certificate;
  readonly socketPath: string;
}

/** A MariaDB of this test alone that offers TLS. */
export async function startSecureMariadb(): Promise<SecureMariadb> {
  const folder = freshFolder('secure-mariadb');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const authority = createAuthority(folder);
    const otherAuthority = createAuthority(folder, 'other');
    const { cert, key } = authority.issue('server', 'IP:127.0.0.1');
    const client = authority.issue('client', 'DNS:client');
    const ownKey = join(folder, 'server-own.key');
    copyFileSync(key, ownKey);
    chmodSync(ownKey, 0o600);
    const user = await unprivilegedUser();
    if (user) chownSync(ownKey, user.uid, user.gid);
    const server = await startOwnMariadb({
      settings: {
        'ssl-ca': authority.cert,
        'ssl-cert': cert,
        'ssl-key': ownKey,
        'innodb-log-file-size': '32M',
        'innodb-buffer-pool-size': '64M',
      },
    });
    const socketPath = join(server.folder, 'socket');
    return {
      ...server,
      stop: () => server.stop().finally(remove),
      authority,
      otherAuthority,
      client,
      socketPath,
    };
  } catch (error) {
    remove();
    throw error;
  }
}
