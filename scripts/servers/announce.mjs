/** How often a step that takes long says that it still runs. */
const PROGRESS_EVERY_MS = 10_000;

/** Writes one line for the reader of the terminal; standard output stays free for the command that is run. */
export const announce = (/** @type {string} */ line) => {
  process.stderr.write(`sluice: ${line}\n`);
};

const seconds = (/** @type {number} */ sinceMs) => `${Math.round((Date.now() - sinceMs) / 1000)} s`;

/**
 * Says what is done and how long it usually takes, then that it still runs, until `work` ends.
 *
 * @template T
 * @param {string} what
 * @param {string} usually for example "about 30 s"
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function announceWhile(what, usually, work) {
  const sinceMs = Date.now();
  announce(`${what} (${usually})`);
  const ticker = setInterval(
    () => announce(`${what}: still at it after ${seconds(sinceMs)}`),
    PROGRESS_EVERY_MS,
  );
  try {
    return await work();
  } finally {
    clearInterval(ticker);
  }
}
