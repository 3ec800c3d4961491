import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { announceWhile } from './announce.mjs';
import { isExecutable, onPath } from './find-program.mjs';
import { withLock } from './lock.mjs';
import { runProgram } from './run-program.mjs';

const UPDATE_ATTEMPTS = 5;
const UPDATE_PAUSE_MS = 5_000;
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

/** `apt-get update` does not wait for a lock of its own that another update holds. */
async function updateLists(/** @type {string} */ apt, /** @type {NodeJS.ProcessEnv} */ env) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runProgram(apt, ['update'], { env });
    } catch (error) {
      if (attempt === UPDATE_ATTEMPTS) throw error;
      await delay(UPDATE_PAUSE_MS);
    }
  }
}

async function aptInstall() {
  const apt = onPath('apt-get');
  if (!apt || process.getuid?.() !== 0) throw new Error(BY_HAND);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const patient = ['-o', 'DPkg::Lock::Timeout=600'];
  await announceWhile('installing PostgreSQL with apt-get', 'about a minute', async () => {
    await updateLists(apt, env);
    await runProgram(apt, [...patient, 'install', '-y', '--no-install-recommends', 'postgresql-15'], { env });
  });
}

/** @returns {Promise<string>} the folder that holds postgres and initdb */
export async function providePostgres() {
  const before = findPostgres();
  if (before) return before;
  // One lock a machine, not a cache: two users' installations are the same one.
  return withLock(join(tmpdir(), 'sluice-apt.lock'), 'installing PostgreSQL', async () => {
    if (!findPostgres()) await aptInstall();
    const found = findPostgres();
    if (!found) throw new Error(BY_HAND);
    return found;
  });
}
