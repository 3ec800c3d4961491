import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which systems take ports for outgoing connections (32768 on Linux, 49152 elsewhere).
 * Inside it a client that keeps connecting to a stopped server ends up connected to itself, or holds the very port
 * that the server wants back when it is started again.
 */
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

/** @param {number} port @returns {Promise<boolean>} */
const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

/**
 * Ports of 127.0.0.1 that nobody listens on right now; random, so that runs side by side do not meet.
 *
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  /** @type {Set<number>} */
  const found = new Set();
  while (found.size < count) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}
