import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { announce } from './announce.mjs';
import { withLock } from './process/lock.mjs';
import { identify, isAlive } from './process/process-identity.mjs';
import { KINDS, parseKinds, provideServers } from './provide.mjs';
import { endProcess } from './process/server-process.mjs';

/**
 * One server of servers.json: which process it is, and where it listens.
 *
 * @typedef {object} BackgroundServer
 * @property {import('./process/process-identity.mjs').ProcessIdentity} process
 * @property {Readonly<Record<string, string>>} variables
 *
 * @typedef {Partial<Record<import('./provide.mjs').KindName, BackgroundServer>>} BackgroundState
 */

const stateFile = (/** @type {string} */ folder) => join(folder, 'servers.json');

/** @param {string} folder @returns {Promise<BackgroundState>} */
async function readState(folder) {
  try {
    return JSON.parse(await readFile(stateFile(folder), 'utf8'));
  } catch {
    return {};
  }
}

async function writeState(/** @type {string} */ folder, /** @type {BackgroundState} */ state) {
  const fresh = `${stateFile(folder)}.new`;
  await writeFile(fresh, `${JSON.stringify(state, null, 2)}\n`);
  await rename(fresh, stateFile(folder));
}

const inState = (/** @type {string} */ folder, /** @type {() => Promise<void>} */ work) =>
  withLock(join(folder, 'servers.lock'), `servers in ${folder}`, work);

/**
 * Starts servers that stay until `takeDown`, with their data below the folder; those that run already stay as they are.
 * A server named in the environment is neither started nor written down.
 *
 * @param {string} given
 * @param {readonly import('./provide.mjs').KindName[]} names
 */
export async function bringUp(given, names) {
  const folder = resolve(given);
  await mkdir(folder, { recursive: true });
  await inState(folder, async () => {
    const before = await readState(folder);
    const state = Object.fromEntries(Object.entries(before).filter(([, { process }]) => isAlive(process)));
    const missing = names.filter((name) => !state[name]);
    const { servers } = await provideServers(missing, {
      say: announce,
      options: (name) => ({ folder: join(folder, name), background: true }),
    });
    for (const { server, variables } of servers)
      state[server.name] = { process: identify(server.pid()), variables };
    await writeState(folder, state);
  });
}

/**
 * Stops exactly the servers that `bringUp` started; their data stays.
 *
 * @param {string} given
 */
export async function takeDown(given) {
  const folder = resolve(given);
  await mkdir(folder, { recursive: true });
  await inState(folder, async () => {
    const state = await readState(folder);
    for (const name of parseKinds(Object.keys(state).join(',') || Object.keys(KINDS).join(','))) {
      const server = state[name];
      if (!server) continue;
      announce(`${name}: stopping process ${server.process.pid}`);
      await endProcess(server.process, name === 'postgres' ? 'SIGINT' : 'SIGTERM');
    }
    await rm(stateFile(folder), { force: true });
  });
}
