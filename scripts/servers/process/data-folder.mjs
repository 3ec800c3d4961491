import { chmodSync, chownSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runProgram } from './run-program.mjs';

const OTHERS_MAY_ENTER = 0o001;

/** @param {string} folder @returns {boolean} whether any user can reach what lies in it */
const canBeEntered = (folder) =>
  (statSync(folder).mode & OTHERS_MAY_ENTER) !== 0 &&
  (dirname(folder) === folder || canBeEntered(dirname(folder)));

/**
 * A fresh folder for a server's data, in a place that a server running as another user can enter.
 *
 * @param {string} server
 */
export function freshFolder(server) {
  const base = canBeEntered(tmpdir()) ? tmpdir() : '/tmp';
  const folder = mkdtempSync(join(base, `sluice-${server}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/**
 * Whom a server runs as that refuses to run as root: the user postgres, else nobody; undefined when we are not root.
 *
 * @returns {Promise<{ uid: number, gid: number } | undefined>}
 */
export async function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = async (/** @type {string} */ flag) =>
    Number(await runProgram('id', [flag, 'postgres']).catch(() => runProgram('id', [flag, 'nobody'])));
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}

/**
 * Gives a server's folder to the user it runs as.
 *
 * @param {string} folder
 * @param {{ uid: number, gid: number } | undefined} user
 */
export function giveFolder(folder, user) {
  mkdirSync(folder, { recursive: true });
  if (!user) return;
  if (!canBeEntered(dirname(folder))) {
    throw new Error(
      `${folder} lies where the server's own user cannot enter: choose a folder under ${tmpdir()}`,
    );
  }
  chownSync(folder, user.uid, user.gid);
}
