import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { announce } from './announce.mjs';
import { onExit } from './process/on-exit.mjs';
import { provideServers } from './provide.mjs';

/** Enough for a test run to tear down; after it the command is killed. */
const GRACE_MS = 15_000;

/**
 * @param {readonly string[]} command
 * @param {Readonly<Record<string, string>>} variables
 * @returns {Promise<number>} its exit code, as a shell tells it
 */
async function runCommand([program = '', ...args], variables) {
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
  // A signal ends the command first: the servers are stopped after it, not under it.
  const undo = onExit(async () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
    await ended;
  });
  try {
    return await ended;
  } finally {
    await undo();
  }
}

/**
 * Runs a command with servers and stops them after it.
 *
 * @param {readonly import('./provide.mjs').KindName[]} names
 * @param {readonly string[]} command
 */
export async function runWithServers(names, command) {
  const { servers, variables } = await provideServers(names, { say: announce });
  try {
    return await runCommand(command, variables);
  } finally {
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
}
