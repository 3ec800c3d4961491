import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { announce } from '../announce.mjs';
import { onExit } from './on-exit.mjs';
import { identify, isAlive } from './process-identity.mjs';

const POLL_MS = 200;
const PROGRESS_EVERY_MS = 10_000;
/** Breaking a stale lock takes milliseconds; a breaker of this age was left by a process that died in it. */
const BREAKER_STALE_MS = 30_000;

const codeOf = (/** @type {unknown} */ error) =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** @param {string} path @returns {Promise<import('./process-identity.mjs').ProcessIdentity | null>} */
async function ownerOf(path) {
  try {
    return JSON.parse(await readFile(join(path, 'owner.json'), 'utf8'));
  } catch {
    return null;
  }
}

/** A directory with its owner inside is renamed into place, so a lock never stands without an owner. */
async function tryAcquire(/** @type {string} */ path) {
  const ours = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(ours);
  await writeFile(join(ours, 'owner.json'), JSON.stringify(identify(process.pid)));
  try {
    await rename(ours, path);
    return true;
  } catch (error) {
    await rm(ours, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(codeOf(error))) return false;
    throw error;
  }
}

/** Renamed away first: removed in place it would be empty for a moment, and taken, and emptied again. */
async function discard(/** @type {string} */ path) {
  const away = `${path}.gone-${process.pid}-${randomBytes(4).toString('hex')}`;
  await rename(path, away);
  await rm(away, { recursive: true, force: true });
}

/** Only one process at a time breaks a lock, and looks at the owner again once it may: it never breaks a new lock. */
async function breakIfStale(/** @type {string} */ path) {
  const owner = await ownerOf(path);
  if (!owner || isAlive(owner)) return;
  const breaker = `${path}.breaking`;
  try {
    await mkdir(breaker);
  } catch {
    const age = await stat(breaker).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > BREAKER_STALE_MS) await rm(breaker, { recursive: true, force: true });
    return;
  }
  const still = await ownerOf(path);
  if (still && !isAlive(still)) await discard(path);
  await rm(breaker, { recursive: true, force: true });
}

/**
 * Runs `work` while this process alone holds the lock at `path`, in whatever clone or shell the others run.
 * A lock whose owner died is taken over; who waits says so.
 *
 * @template T
 * @param {string} path
 * @param {string} what what the lock protects, for the line that a waiting process prints
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, what, work) {
  await mkdir(dirname(path), { recursive: true });
  const sinceMs = Date.now();
  let saidAtMs = 0;
  while (!(await tryAcquire(path))) {
    if (Date.now() - saidAtMs > PROGRESS_EVERY_MS) {
      saidAtMs = Date.now();
      const waited = Math.round((saidAtMs - sinceMs) / 1000);
      const owner = await ownerOf(path);
      announce(`${what}: process ${owner?.pid ?? '?'} is at it, waiting for it (${waited} s so far)`);
    }
    await breakIfStale(path);
    await delay(POLL_MS);
  }
  const release = onExit(() => discard(path));
  try {
    return await work();
  } finally {
    await release();
  }
}
