import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installDbOf, provideMariadb } from './install/install-mariadb.mjs';
import { unprivilegedUser } from './process/data-folder.mjs';
import { freePorts } from './process/free-port.mjs';
import { isGreeted } from './process/is-greeted.mjs';
import { runProgram } from './process/run-program.mjs';
import { startServer } from './process/server-process.mjs';
import { withFreshPorts } from './process/with-fresh-ports.mjs';

const DATA = 'data';

/** As durable as a production server (the log is flushed at each commit), sized for many connections of tests. */
const SETTINGS = {
  'bind-address': '127.0.0.1',
  'innodb-flush-log-at-trx-commit': 1,
  'innodb-buffer-pool-size': '512M',
  'innodb-log-file-size': '512M',
  'max-connections': 300,
  'local-infile': 1,
  'character-set-server': 'utf8mb4',
  'skip-name-resolve': 1,
};

/**
 * @typedef {object} MariadbOptions
 * @property {string} [program] the server; default: found or installed
 * @property {string} [folder] keeps the data there; default: a fresh folder, removed at the end
 * @property {readonly number[]} [ports] default: a free one
 * @property {boolean} [background] outlives this process
 * @property {Readonly<Record<string, string | number>>} [settings] beside or instead of ours
 *
 * @typedef {import('./process/server-process.mjs').RunningServer & { url: string }} RunningMariadb
 */

/** @param {string} program @param {string} data @param {{ uid: number, gid: number } | undefined} user */
async function createData(program, data, user) {
  if (existsSync(join(data, 'mysql'))) return;
  const args = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal'];
  await runProgram(installDbOf(program), [...args, '--skip-test-db'], { ...user, cwd: '/' });
}

/**
 * Starts a MariaDB server of its own; root has no password and may come from 127.0.0.1. As root it runs as another user.
 *
 * @param {MariadbOptions} [options]
 * @returns {Promise<RunningMariadb>}
 */
export async function startMariadb(options = {}) {
  const program = options.program ?? (await provideMariadb());
  const user = await unprivilegedUser();
  return withFreshPorts(
    options.ports,
    () => freePorts(1),
    async ([port = 0]) => {
      const settings = { ...SETTINGS, port, ...options.settings };
      const server = await startServer({
        name: 'mariadb',
        program,
        prepare: (folder) => createData(program, join(folder, DATA), user),
        args: (folder) => [
          '--no-defaults',
          `--datadir=${join(folder, DATA)}`,
          `--socket=${join(folder, 'socket')}`,
          `--pid-file=${join(folder, 'mariadb.pid')}`,
          ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
        ],
        folder: options.folder,
        isReady: () => isGreeted(port),
        stopSignal: 'SIGTERM',
        user,
        background: options.background,
      });
      return { ...server, url: `mariadb://root@127.0.0.1:${port}/` };
    },
  );
}
