import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announceWhile } from '../announce.mjs';
import { withLock } from '../process/lock.mjs';
import { runProgram } from '../process/run-program.mjs';
import { isExecutable, onPath } from './find-program.mjs';

const BY_HAND =
  'MySQL is not installed, and is got by itself only on Debian: set SLUICE_TEST_MYSQL_URL to a server ' +
  '(docker compose --profile mysql up -d mysql)';

/** No release of Debian has MySQL but the unstable one; its libraries are newer than a machine's own. */
const SUITE = 'sid';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SOURCES = '/etc/apt';

/** A `mysqld` on PATH may be MariaDB's. */
async function findMysql() {
  const program = onPath('mysqld');
  if (!program) return null;
  const version = await runProgram(program, ['--no-defaults', '--version']).catch(() => 'MariaDB');
  return version.includes('MariaDB') ? null : program;
}

/** @returns {string | undefined} where this machine gets Debian's packages */
function archiveOfDebian() {
  const lists = [
    'sources.list',
    ...namesIn(join(SOURCES, 'sources.list.d')).map((name) => `sources.list.d/${name}`),
  ];
  const text = lists
    .map((name) => join(SOURCES, name))
    .filter(existsSync)
    .map((path) => readFileSync(path, 'utf8'));
  return /^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(\S+\/debian)\/?(?:\s|$)/m.exec(text.join('\n'))?.[1];
}

const namesIn = (/** @type {string} */ folder) => (existsSync(folder) ? readdirSync(folder) : []);

/**
 * apt's own lists, state and cache below `folder`: it resolves and checks the packages as ever, and installs none.
 *
 * @param {string} folder
 * @param {string} archive
 */
async function downloadInto(folder, archive) {
  for (const name of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${archive} ${SUITE} main\n`);
  const options = [
    `Dir::Etc::SourceList=${join(folder, 'sources.list')}`,
    'Dir::Etc::SourceParts=/dev/null',
    'Dir::Etc::Preferences=/dev/null',
    'Dir::Etc::PreferencesParts=/dev/null',
    `Dir::State=${join(folder, 'state')}`,
    `Dir::State::status=${join(folder, 'status')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'Acquire::Languages=none',
    'pkgCacheGen::Essential=none',
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  await runProgram('apt-get', [...options, 'update']);
  await runProgram('apt-get', [...options, 'install', '-y', '--download-only', 'mysql-server-core']);
  return join(folder, 'cache/archives');
}

/** The server under the loader and the libraries that came with it: nothing of the machine's own is changed. */
async function installInto(
  /** @type {string} */ part,
  /** @type {string} */ folder,
  /** @type {string} */ archive,
) {
  const packages = await downloadInto(join(part, 'apt'), archive);
  const root = join(part, 'root');
  for (const name of readdirSync(packages).filter((each) => each.endsWith('.deb')))
    await runProgram('dpkg-deb', ['-x', join(packages, name), root]);
  rmSync(join(part, 'apt'), { recursive: true });
  const triplet = readdirSync(join(root, 'usr/lib')).find((name) => name.endsWith('-linux-gnu'));
  const libraries = triplet && join('root/usr/lib', triplet);
  const loader =
    libraries && readdirSync(join(part, libraries)).find((name) => /^ld-linux-.*\.so\.\d$/.test(name));
  if (!loader) throw new Error(BY_HAND);
  const at = (/** @type {string} */ path) => `'${join(folder, path)}'`;
  const lines = [
    '#!/bin/sh',
    `exec ${at(join(libraries, loader))} --library-path ${at(libraries)} ${at('root/usr/sbin/mysqld')} "$@" --basedir=${at('root/usr')}`,
  ];
  await writeFile(join(part, 'mysqld'), `${lines.join('\n')}\n`);
  await chmod(join(part, 'mysqld'), 0o755);
  await runProgram('chmod', ['-R', 'a+rX', part]);
}

/**
 * MySQL's server: the machine's own, or Debian's unstable one in a folder of its own below the system's temporary one,
 * where the server's user can reach it.
 *
 * @returns {Promise<string>} the path of mysqld
 */
export async function provideMysql() {
  const own = await findMysql();
  if (own) return own;
  const archive = archiveOfDebian();
  if (!archive || !onPath('apt-get') || !onPath('dpkg-deb') || !existsSync(KEYRING)) throw new Error(BY_HAND);
  const folder = join(tmpdir(), `sluice-mysql-${SUITE}-${process.getuid?.() ?? 0}`);
  const program = join(folder, 'mysqld');
  // Anybody may have made a folder of this name: what another user put there is not run.
  const isThere = () => isExecutable(program) && statSync(folder).uid === (process.getuid?.() ?? 0);
  if (isThere()) return program;
  return withLock(`${folder}.lock`, 'installing MySQL', async () => {
    if (isThere()) return program;
    const part = `${folder}.part`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part, { mode: 0o755 });
    await announceWhile("getting MySQL from Debian's unstable packages", 'about 30 s', () =>
      installInto(part, folder, archive),
    );
    await rename(part, folder);
    return program;
  });
}
