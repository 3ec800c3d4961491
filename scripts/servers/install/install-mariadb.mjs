import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { announceWhile } from '../announce.mjs';
import { aptInstall, underAptLock } from './apt-install.mjs';
import { isExecutable, onPath } from './find-program.mjs';

const BY_HAND =
  'MariaDB is not installed: install it (Debian: apt-get install mariadb-server; macOS: brew install mariadb), ' +
  'or set SLUICE_TEST_MARIADB_URL to a server';

/** Where Debian keeps the server, which is on PATH for root only. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/usr/local/bin'];

/** @returns {string | null} the server's path */
const findMariadb = () =>
  onPath('mariadbd') ??
  FOLDERS.map((folder) => join(folder, 'mariadbd')).find((path) => existsSync(path) && isExecutable(path)) ??
  null;

/**
 * The program that makes a data directory; it lies beside the server or in the other folder of the same prefix.
 *
 * @param {string} server
 */
export function installDbOf(server) {
  const name = 'mariadb-install-db';
  const near = [
    dirname(server),
    join(dirname(realpathSync(server)), '../bin'),
    join(dirname(server), '../bin'),
  ];
  const found = onPath(name) ?? near.map((folder) => join(folder, name)).find(isExecutable);
  if (!found) throw new Error(`${name} does not lie beside ${server}`);
  return found;
}

/** @returns {Promise<string>} the path of mariadbd */
export async function provideMariadb() {
  const before = findMariadb();
  if (before) return before;
  return underAptLock('installing MariaDB', async () => {
    if (!findMariadb()) {
      await announceWhile('installing MariaDB with apt-get', 'about a minute', () =>
        aptInstall('mariadb-server', BY_HAND),
      );
    }
    const found = findMariadb();
    if (!found) throw new Error(BY_HAND);
    return found;
  });
}
