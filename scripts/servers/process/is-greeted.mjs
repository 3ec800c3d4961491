import { connect } from 'node:net';

const ANSWER_TIMEOUT_MS = 1_000;

/**
 * A server of MariaDB or MySQL speaks first: its greeting begins with the version of the protocol.
 *
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export const isGreeted = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (/** @type {boolean} */ greeted) => {
      socket.destroy();
      resolve(greeted);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('data', (greeting) => end(greeting[4] === 10));
  });
