import type { ConsumerWindow } from '../../../engine/ports/hub.ts';

/** Deliveries that are being handled, against what may be at once. One is always let in, however large. */
export class Window {
  readonly #limit: ConsumerWindow;
  #messages = 0;
  #bytes = 0;

  constructor(limit: ConsumerWindow) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  get mostMessages(): number {
    return this.#limit.messages;
  }

  get freeBytes(): number {
    return this.#limit.bytes - this.#bytes;
  }

  fits(sizeBytes: number): boolean {
    if (this.isEmpty) return true;
    return this.#messages < this.#limit.messages && sizeBytes <= this.freeBytes;
  }

  /** @returns what gives its place back, once */
  take(sizeBytes: number): () => void {
    this.#messages += 1;
    this.#bytes += sizeBytes;
    let isFree = false;
    return () => {
      if (isFree) return;
      isFree = true;
      this.#messages -= 1;
      this.#bytes -= sizeBytes;
    };
  }
}
