import { constants } from 'node:os';

/** @type {Set<() => Promise<void>>} */
const pending = new Set();
let listening = false;

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** Newest first: a server is stopped before the lock under which it was started is given back. */
async function runPending() {
  for (const undo of [...pending].reverse()) await undo().catch(() => undefined);
}

function listen() {
  if (listening) return;
  listening = true;
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      void runPending().then(() => process.exit(128 + constants.signals[signal]));
    });
  }
}

/**
 * Registers what must be undone should a signal end this process first.
 *
 * @param {() => Promise<void>} undo
 * @returns {() => Promise<void>} undoes it now, once
 */
export function onExit(undo) {
  listen();
  /** @type {Promise<void> | null} */
  let undone = null;
  const once = () => {
    undone ??= undo().finally(() => pending.delete(once));
    return undone;
  };
  pending.add(once);
  return once;
}
