import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unprivilegedUser } from './process/data-folder.mjs';
import { freePorts } from './process/free-port.mjs';
import { providePostgres } from './install/install-postgres.mjs';
import { runProgram } from './process/run-program.mjs';
import { startServer } from './process/server-process.mjs';
import { withFreshPorts } from './process/with-fresh-ports.mjs';

/** macOS has no C.UTF-8 in every version; C with UTF8 sorts the same. */
const LOCALE = process.platform === 'darwin' ? 'C' : 'C.UTF-8';

const DATA = 'data';

/** As durable as a production server (fsync and synchronous_commit stay on), sized for many connections of tests. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: 300,
  shared_buffers: '256MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  max_locks_per_transaction: 256,
  log_min_messages: 'warning',
  // Tests provoke statements that fail; what matters of them the tests see themselves.
  log_min_error_statement: 'panic',
};

/**
 * @typedef {object} PostgresOptions
 * @property {string} [binFolder] the folder of postgres and initdb; default: found or installed
 * @property {string} [folder] keeps the data there; default: a fresh folder, removed at the end
 * @property {readonly number[]} [ports] default: a free one
 * @property {boolean} [background] outlives this process
 * @property {Readonly<Record<string, string | number>>} [settings] beside or instead of ours
 *
 * @typedef {import('./process/server-process.mjs').RunningServer & { url: string }} RunningPostgres
 */

/** @param {string} binFolder @param {string} data @param {{ uid: number, gid: number } | undefined} user */
async function createCluster(binFolder, data, user) {
  if (existsSync(join(data, 'PG_VERSION'))) return;
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', `--locale=${LOCALE}`, '--no-sync'];
  // In a folder that the other user may enter, for initdb goes back to where it was started.
  await runProgram(join(binFolder, 'initdb'), args, { ...user, cwd: '/' });
}

/** The eighth line of postmaster.pid is what `pg_ctl --wait` looks at. */
async function isReady(/** @type {string} */ data, /** @type {number} */ pid) {
  const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/**
 * Starts a PostgreSQL server of its own; everyone on 127.0.0.1 is trusted. As root it runs as another user.
 *
 * @param {PostgresOptions} [options]
 * @returns {Promise<RunningPostgres>}
 */
export async function startPostgres(options = {}) {
  const binFolder = options.binFolder ?? (await providePostgres());
  const user = await unprivilegedUser();
  return withFreshPorts(
    options.ports,
    () => freePorts(1),
    async ([port = 0]) => {
      const settings = { ...SETTINGS, port, ...options.settings };
      const server = await startServer({
        name: 'postgres',
        program: join(binFolder, 'postgres'),
        prepare: (folder) => createCluster(binFolder, join(folder, DATA), user),
        args: (folder) => [
          '-D',
          join(folder, DATA),
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        folder: options.folder,
        isReady: (folder, pid) => isReady(join(folder, DATA), pid),
        stopSignal: 'SIGINT',
        user,
        background: options.background,
      });
      return { ...server, url: `postgres://postgres@127.0.0.1:${port}/postgres` };
    },
  );
}
