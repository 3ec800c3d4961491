import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { provideMysql } from './install/install-mysql.mjs';
import { unprivilegedUser } from './process/data-folder.mjs';
import { freePorts } from './process/free-port.mjs';
import { isGreeted } from './process/is-greeted.mjs';
import { runProgram } from './process/run-program.mjs';
import { startServer } from './process/server-process.mjs';
import { withFreshPorts } from './process/with-fresh-ports.mjs';

const DATA = 'data';

/** As durable as a production server (log and binary log are flushed at each commit), sized for many connections of tests. */
const SETTINGS = {
  'bind-address': '127.0.0.1',
  'innodb-flush-log-at-trx-commit': 1,
  'sync-binlog': 1,
  'innodb-buffer-pool-size': '512M',
  'innodb-redo-log-capacity': '1G',
  'max-connections': 300,
  'local-infile': 1,
  'character-set-server': 'utf8mb4',
  'secure-file-priv': 'NULL',
  'skip-name-resolve': 1,
  mysqlx: 'OFF',
};

/**
 * @typedef {object} MysqlOptions
 * @property {string} [program] the server; default: found or installed
 * @property {string} [folder] keeps the data there; default: a fresh folder, removed at the end
 * @property {readonly number[]} [ports] default: a free one
 * @property {boolean} [background] outlives this process
 * @property {Readonly<Record<string, string | number>>} [settings] beside or instead of ours
 *
 * @typedef {import('./process/server-process.mjs').RunningServer & { url: string }} RunningMysql
 */

/** Names are not resolved, so 127.0.0.1 is not the localhost from where the first root may come. */
const ROOT = `CREATE USER 'root'@'127.0.0.1';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
`;

/** From 9.6 on the function MD5, by which rows are compared, is in a component; what is installed first is there at the next start. */
const CLASSIC_HASHING =
  "INSERT INTO mysql.component (component_group_id, component_urn) VALUES (1, 'file://component_classic_hashing');\n";

/** @param {string} program */
async function hasNoMd5(program) {
  const text = await runProgram(program, ['--no-defaults', '--version']);
  const [, major = 0, minor = 0] = (/Ver (\d+)\.(\d+)/.exec(text) ?? []).map(Number);
  return major > 9 || (major === 9 && minor >= 6);
}

/** @param {string} program @param {string} folder @param {{ uid: number, gid: number } | undefined} user */
async function createData(program, folder, user) {
  const data = join(folder, DATA);
  if (existsSync(join(data, 'mysql.ibd'))) return;
  const first = join(folder, 'first.sql');
  writeFileSync(first, ROOT + ((await hasNoMd5(program)) ? CLASSIC_HASHING : ''));
  if (user) chownSync(first, user.uid, user.gid);
  const args = ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, '--secure-file-priv=NULL'];
  await runProgram(program, [...args, `--init-file=${first}`], { ...user, cwd: '/' });
  rmSync(first);
}

/**
 * Starts a MySQL server of its own; root has no password and may come from 127.0.0.1. As root it runs as another user.
 *
 * @param {MysqlOptions} [options]
 * @returns {Promise<RunningMysql>}
 */
export async function startMysql(options = {}) {
  const program = options.program ?? (await provideMysql());
  const user = await unprivilegedUser();
  return withFreshPorts(
    options.ports,
    () => freePorts(1),
    async ([port = 0]) => {
      const settings = { ...SETTINGS, port, ...options.settings };
      const server = await startServer({
        name: 'mysql',
        program,
        prepare: (folder) => createData(program, folder, user),
        args: (folder) => [
          '--no-defaults',
          `--datadir=${join(folder, DATA)}`,
          `--socket=${join(folder, 'socket')}`,
          `--pid-file=${join(folder, 'mysql.pid')}`,
          ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
        ],
        folder: options.folder,
        isReady: () => isGreeted(port),
        stopSignal: 'SIGTERM',
        user,
        background: options.background,
      });
      return { ...server, url: `mysql://root@127.0.0.1:${port}/` };
    },
  );
}
