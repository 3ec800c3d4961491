import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { announce, announceWhile } from '../announce.mjs';
import { platform } from './binaries.mjs';
import { cacheFolder, isExecutable, onPath } from './find-program.mjs';
import { withLock } from '../process/lock.mjs';
import { onExit } from '../process/on-exit.mjs';
import { runProgram } from '../process/run-program.mjs';

/** Long enough for a slow line to answer, short enough not to be felt where nothing answers. */
const ANSWER_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** @typedef {import('./binaries.mjs').Binary} Binary */

/** @param {string} url */
async function openDownload(url) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_TIMEOUT_MS);
  try {
    const answer = await fetch(url, { signal: abort.signal });
    return answer.ok && answer.body ? answer.body : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Binary} binary
 * @param {string} folder
 * @param {string} url
 * @returns {Promise<string | null>} null where nothing answers or what came does not run
 */
export async function download(binary, folder, url) {
  const body = await openDownload(url);
  if (!body) return null;
  const program = join(folder, binary.name);
  try {
    await announceWhile(`downloading ${binary.name} ${binary.version}`, 'seconds to a minute', async () => {
      const archive = url.endsWith('.tar.gz');
      const file = archive ? join(folder, 'archive.tar.gz') : program;
      const signal = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
      await pipeline(Readable.fromWeb(body), createWriteStream(file), { signal });
      if (archive) await unpack(file, folder, binary.name);
      await chmod(program, 0o755);
      await runProgram(program, ['--version']);
    });
    return program;
  } catch (error) {
    announce(
      `${binary.name}: the download is of no use (${error instanceof Error ? error.message : String(error)})`,
    );
    return null;
  }
}

async function unpack(/** @type {string} */ file, /** @type {string} */ folder, /** @type {string} */ name) {
  await runProgram('tar', ['-xzf', file, '-C', folder]);
  if (isExecutable(join(folder, name))) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const inside = join(folder, entry.name, name);
    if (entry.isDirectory() && isExecutable(inside)) await rename(inside, join(folder, name));
  }
}

/** @param {Binary} binary @param {string} folder @returns {Promise<string | null>} null where there is no Go */
async function goInstall(binary, folder) {
  const go = onPath('go');
  if (!go) return null;
  const what = `building ${binary.name} ${binary.version} with go install`;
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' };
  await announceWhile(what, binary.building, () =>
    runProgram(go, ['install', `${binary.module}@v${binary.version}`], { env }),
  );
  return join(folder, binary.builtAs);
}

/** What a run that was killed left here; the lock says that nobody works on it now. */
async function removeLeftovers(/** @type {string} */ cache, /** @type {string} */ prefix) {
  const names = await readdir(cache);
  const left = names.filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

/** @param {Binary} binary @param {string} installed */
async function installInto(binary, installed) {
  const cache = cacheFolder();
  const prefix = `.part-${binary.name}-`;
  await removeLeftovers(cache, prefix);
  const folder = join(cache, `${prefix}${process.pid}`);
  await mkdir(folder);
  const undo = onExit(() => rm(folder, { recursive: true, force: true }));
  try {
    const built =
      (await download(binary, folder, binary.downloadUrl(platform()))) ?? (await goInstall(binary, folder));
    if (!built) {
      throw new Error(
        `${binary.name} is not on PATH, its download does not answer and there is no Go to build it: ` +
          `install it from ${binary.byHand}`,
      );
    }
    await rename(built, installed);
  } finally {
    await undo();
  }
}

/**
 * The path of a server program: from PATH, else from our cache, else got and kept there.
 * Whatever ends this process on the way leaves either the whole program in the cache or nothing of it.
 *
 * @param {Binary} binary
 * @returns {Promise<string>}
 */
export async function provideBinary(binary) {
  const installed = join(
    cacheFolder(),
    `${binary.name}-${binary.version}-${process.platform}-${process.arch}`,
  );
  const found = () => onPath(binary.name) ?? (isExecutable(installed) ? installed : null);
  const before = found();
  if (before) return before;
  return withLock(`${installed}.lock`, `installing ${binary.name}`, async () => {
    if (!found()) await installInto(binary, installed);
    return found() ?? installed;
  });
}
