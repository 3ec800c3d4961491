import { blockPool } from '../../../engine/driver/block-pool.ts';

/** The memory of one answer, which its messages share: used again when all of them were applied. */
export class Frame {
  readonly #memory: Buffer;
  #users = 1;
  #isClean = true;

  constructor(memory: Buffer) {
    this.#memory = memory;
  }

  use(): void {
    this.#users += 1;
  }

  /** `isClean`: nothing can read the message any more. */
  leave(isClean: boolean): void {
    this.#isClean &&= isClean;
    this.#users -= 1;
    if (this.#users === 0 && this.#isClean) blockPool.give(this.#memory);
  }
}
