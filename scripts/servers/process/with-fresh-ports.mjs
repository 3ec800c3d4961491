const ATTEMPTS = 3;

/**
 * Starts a server on the given ports, or on free ones: those may be taken by somebody else before the server has
 * them, so it is tried again with others.
 *
 * @template T
 * @param {readonly number[] | undefined} given
 * @param {() => Promise<number[]>} choose
 * @param {(ports: readonly number[]) => Promise<T>} start
 * @returns {Promise<T>}
 */
export async function withFreshPorts(given, choose, start) {
  if (given) return start(given);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await choose());
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
