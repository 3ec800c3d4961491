import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freshFolder, giveFolder } from './data-folder.mjs';
import { startGuard } from './guard.mjs';
import { onExit } from './on-exit.mjs';
import { identify, isAlive } from './process-identity.mjs';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
const TAIL_LINES = 15;

/**
 * How one server is started.
 *
 * @typedef {object} ServerSpec
 * @property {string} name
 * @property {string} program
 * @property {string | undefined} folder keeps the data there; undefined: a fresh folder, removed when the server stops
 * @property {{ uid: number, gid: number } | undefined} [user] whom it runs as; default: us
 * @property {(folder: string) => Promise<void>} [prepare] writes what it needs into its folder before it starts
 * @property {(folder: string) => readonly string[]} args
 * @property {(folder: string, pid: number) => Promise<boolean>} isReady
 * @property {NodeJS.Signals} stopSignal
 * @property {boolean | undefined} background whether it outlives this process
 */

/** @typedef {ServerSpec & { folder: string }} PlacedSpec */

/**
 * A server that we started. All of them act on this process alone, by its pid.
 *
 * @typedef {object} RunningServer
 * @property {string} name
 * @property {string} program
 * @property {string} folder
 * @property {string} logFile
 * @property {() => number} pid of the instance that runs now
 * @property {() => Promise<void>} stop ends it for good and removes its data
 * @property {(signal?: NodeJS.Signals) => Promise<void>} kill SIGKILL by default; resolves when it is gone; the data stays
 * @property {() => Promise<void>} restart starts it again, ended or not, on the same ports and data; resolves when ready
 */

const logOf = (/** @type {string} */ folder) => join(folder, 'server.log');

/** @param {string} logFile */
function logTail(logFile) {
  if (!existsSync(logFile)) return '(no log)';
  return readFileSync(logFile, 'utf8').trim().split('\n').slice(-TAIL_LINES).join('\n');
}

/** @param {PlacedSpec} spec */
function launch(spec) {
  const log = openSync(logOf(spec.folder), 'a');
  try {
    // A session of its own: Ctrl-C in the terminal ends the command first, and we end the servers after it.
    const child = spawn(spec.program, spec.args(spec.folder), {
      ...spec.user,
      cwd: spec.folder,
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/**
 * @param {PlacedSpec} spec
 * @param {(pid: number) => void} started told at once: whoever ends us before it is ready must know it
 */
async function launchUntilReady(spec, started) {
  const child = launch(spec);
  /** @type {string | undefined} */
  let failure;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => (failure ??= `it ended with ${signal ?? code}`));
  if (child.pid !== undefined) started(child.pid);
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while (failure === undefined && Date.now() < deadlineMs) {
    if (child.pid !== undefined && (await spec.isReady(spec.folder, child.pid).catch(() => false))) return;
    await delay(POLL_MS);
  }
  child.kill('SIGKILL');
  const why = failure ?? `not ready after ${READY_TIMEOUT_MS / 1000} s`;
  throw new Error(`${spec.name} did not start: ${why}\n${logTail(logOf(spec.folder))}`);
}

/**
 * Sends a signal and waits until the process is gone; one that takes too long is killed.
 *
 * @param {import('./process-identity.mjs').ProcessIdentity} identity
 * @param {NodeJS.Signals} signal
 */
export async function endProcess(identity, signal) {
  if (!isAlive(identity)) return;
  process.kill(identity.pid, signal);
  const deadlineMs = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(identity)) {
    if (Date.now() > deadlineMs) process.kill(identity.pid, 'SIGKILL');
    await delay(POLL_MS);
  }
}

/**
 * A server that was killed may hold its port or its data for a moment (PostgreSQL's children): try until it can.
 *
 * @type {typeof launchUntilReady}
 */
async function launchAgain(spec, started) {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      return await launchUntilReady(spec, started);
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await delay(POLL_MS);
    }
  }
}

/**
 * A folder for the server's data, and the way to leave no trace of server and folder, whatever ends this process.
 *
 * @param {ServerSpec} spec
 */
function place(spec) {
  const folder = spec.folder ?? freshFolder(spec.name);
  const removing = spec.folder === undefined ? folder : '';
  giveFolder(folder, spec.user);
  const guard = spec.background ? null : startGuard(spec.stopSignal.slice(3), removing);
  const leave = async () => {
    if (removing) await rm(removing, { recursive: true, force: true, maxRetries: 5 });
    guard?.end();
  };
  return { placed: { ...spec, folder }, guard, leave };
}

/**
 * Starts a server and waits until it is ready. Unless it runs in the background it ends with this process, however
 * that ends, and its data is removed.
 *
 * @param {ServerSpec} spec
 * @returns {Promise<RunningServer>}
 */
export async function startServer(spec) {
  const { placed, guard, leave } = place(spec);
  /** @type {import('./process-identity.mjs').ProcessIdentity | null} */
  let running = null;
  const kill = async (/** @type {NodeJS.Signals} */ signal = 'SIGKILL') => {
    if (running) await endProcess(running, signal);
    guard?.unwatch();
  };
  const started = (/** @type {number} */ pid) => {
    running = identify(pid);
    guard?.watch(pid);
  };
  const stopNow = () => kill(spec.stopSignal).then(leave);
  // In the background as well: a signal while servers are being brought up takes them down again.
  const stop = onExit(stopNow);
  try {
    await placed.prepare?.(placed.folder);
    await launchUntilReady(placed, started);
  } catch (error) {
    await stop();
    throw error;
  }
  const restart = async () => {
    await kill(spec.stopSignal);
    await launchAgain(placed, started);
  };
  const { name, program, folder } = placed;
  const pid = () => running?.pid ?? 0;
  return { name, program, folder, logFile: logOf(folder), pid, stop, kill, restart };
}
