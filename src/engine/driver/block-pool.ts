/**
 * Buffers of row blocks and of hub messages, used again and again. Each one is memory outside the JavaScript heap, of which V8
 * counts what is made: making them anew costs a full collection every few dozen blocks (docs/decisions).
 *
 * Who takes a buffer owns it. It may be given back by whoever is the last to have it, and only when nothing can read it
 * any more: published and stored, or applied and committed. Whoever is not sure leaves it to the collector.
 */
const CLASS_BYTES = 256 * 1024;
const MOST_POOLED_BYTES = 8 * 1024 * 1024;
/** Idle buffers of a pool at most, over all sizes. */
const MOST_IDLE_BYTES = 32 * 1024 * 1024;
const IDLE_RELEASE_MS = 10_000;

export interface BlockPool {
  /** A buffer of at least so many bytes, their contents undefined. */
  take(bytes: number): Buffer;
  /** Any view of a buffer that is lent; of others nothing happens. Twice is a fault: it may be lent to another by then. */
  give(view: Uint8Array): void;
  readonly idleBytes: number;
}

export function createBlockPool(mostIdleBytes = MOST_IDLE_BYTES): BlockPool {
  const idle = new Map<number, Buffer[]>();
  const lent = new WeakSet<ArrayBufferLike>();
  let idleBytes = 0;
  let release: NodeJS.Timeout | null = null;

  const clear = (): void => {
    release = null;
    idle.clear();
    idleBytes = 0;
  };
  const restAWhile = (): void => {
    if (release) release.refresh();
    else release = setTimeout(clear, IDLE_RELEASE_MS).unref();
  };

  return {
    take(bytes) {
      if (bytes < CLASS_BYTES / 2 || bytes > MOST_POOLED_BYTES) return Buffer.allocUnsafeSlow(bytes);
      const capacity = Math.ceil(bytes / CLASS_BYTES) * CLASS_BYTES;
      const known = idle.get(capacity)?.pop();
      if (known) idleBytes -= capacity;
      const buffer = known ?? Buffer.allocUnsafeSlow(capacity);
      lent.add(buffer.buffer);
      return buffer;
    },
    give(view) {
      if (!lent.delete(view.buffer)) return;
      const capacity = view.buffer.byteLength;
      if (idleBytes + capacity > mostIdleBytes) return;
      const same = idle.get(capacity) ?? [];
      idle.set(capacity, same);
      same.push(Buffer.from(view.buffer));
      idleBytes += capacity;
      restAWhile();
    },
    get idleBytes() {
      return idleBytes;
    },
  };
}

/** The one of this process: blocks of all tables are alike. */
export const blockPool = createBlockPool();
