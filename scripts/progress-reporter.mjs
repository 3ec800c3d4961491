/** A reader waits at most this long for a sign of life while a long test file runs. */
const PROGRESS_EVERY_MS = 12_000;

/**
 * A vitest reporter that says which files run, and for how long, while none of them ends.
 *
 * @implements {Pick<Required<import('vitest/node').Reporter>, 'onTestModuleStart' | 'onTestModuleEnd'>}
 */
class ProgressReporter {
  /** @type {Map<string, number>} */
  #running = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #ticker;
  #done = 0;

  onTestRunStart() {
    this.#ticker = setInterval(() => this.#tell(), PROGRESS_EVERY_MS);
    this.#ticker.unref();
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleStart(module) {
    this.#running.set(module.relativeModuleId, Date.now());
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleEnd(module) {
    this.#running.delete(module.relativeModuleId);
    this.#done += 1;
    this.#ticker?.refresh();
  }

  onTestRunEnd() {
    clearInterval(this.#ticker);
  }

  #tell() {
    const names = [...this.#running].map(
      ([name, since]) => `${name} (${Math.round((Date.now() - since) / 1000)} s)`,
    );
    process.stderr.write(`test: ${this.#done} files done, running ${names.join(', ') || 'the set-up'}\n`);
  }
}

export default ProgressReporter;
