import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { announceWhile } from '../announce.mjs';
import { aptInstall, underAptLock } from './apt-install.mjs';
import { isExecutable, onPath } from './find-program.mjs';
import { provideNpmPostgres } from './npm-postgres.mjs';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const BY_HAND =
  'PostgreSQL is not installed: install it (Debian: apt-get install postgresql-15; macOS: brew install postgresql@15), ' +
  'or set SLUICE_TEST_POSTGRES_URL to a server';

const isComplete = (/** @type {string} */ folder) =>
  ['postgres', 'initdb'].every((program) => isExecutable(join(folder, program)));

/** @returns {string | null} the folder with postgres and initdb; the newest where there are several */
function findPostgres() {
  const postgres = onPath('postgres');
  const byPath = postgres ? [dirname(realpathSync(postgres)), dirname(postgres)] : [];
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const byVersion = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((v) => join(DEBIAN_FOLDER, v, 'bin'));
  return [...byPath, ...byVersion].find(isComplete) ?? null;
}

const installPostgres = () =>
  announceWhile('installing PostgreSQL with apt-get', 'about a minute', () =>
    aptInstall('postgresql-15', BY_HAND),
  );

/**
 * The PostgreSQL that the machine has, or one of the version that SLUICE_TEST_POSTGRES_VERSION asks for.
 *
 * @returns {Promise<string>} the folder that holds postgres and initdb
 */
export async function providePostgres() {
  const version = process.env['SLUICE_TEST_POSTGRES_VERSION'];
  if (version) return provideNpmPostgres(version);
  const before = findPostgres();
  if (before) return before;
  return underAptLock('installing PostgreSQL', async () => {
    if (!findPostgres()) await installPostgres();
    const found = findPostgres();
    if (!found) throw new Error(BY_HAND);
    return found;
  });
}
