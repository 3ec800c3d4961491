#!/usr/bin/env node
/**
 * `npm ci`, when node_modules is missing or older than the lock file. Two runs in one clone do it once; npm's output
 * is shown only when it fails.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { announce, announceWhile } from './servers/announce.mjs';
import { withLock } from './servers/process/lock.mjs';
import { runProgram } from './servers/process/run-program.mjs';

const root = dirname(import.meta.dirname);

/** npm writes this file last, so an installation that was interrupted counts as none. */
const INSTALLED = join(root, 'node_modules', '.package-lock.json');

const isCurrent = () =>
  existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;

/** better-sqlite3 is compiled; Node's own headers do where nodejs.org is out of reach. */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const given = process.env['npm_config_nodedir'];
  return !given && existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
}

async function install() {
  if (isCurrent()) return;
  await announceWhile('npm ci', 'about 90 s', () =>
    runProgram('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: root,
      env: { ...process.env, ...headers() },
    }),
  );
}

try {
  if (!isCurrent()) await withLock(join(root, '.sluice', 'packages.lock'), 'npm ci', install);
} catch (error) {
  announce(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
