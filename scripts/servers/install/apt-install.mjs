import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onPath } from './find-program.mjs';
import { withLock } from '../process/lock.mjs';
import { runProgram } from '../process/run-program.mjs';

const UPDATE_ATTEMPTS = 5;
const UPDATE_PAUSE_MS = 5_000;

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

/**
 * Installs one Debian package.
 *
 * @param {string} name
 * @param {string} byHand what a person does where there is no apt-get or we are not root
 * @throws Error with that text
 */
export async function aptInstall(name, byHand) {
  const apt = onPath('apt-get');
  if (!apt || process.getuid?.() !== 0) throw new Error(byHand);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await updateLists(apt, env);
  const patient = ['-o', 'DPkg::Lock::Timeout=600'];
  await runProgram(apt, [...patient, 'install', '-y', '--no-install-recommends', name], { env });
}

/**
 * One lock a machine, not a cache: two users' installations are the same one.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 */
export const underAptLock = (what, work) => withLock(join(tmpdir(), 'sluice-apt.lock'), what, work);
