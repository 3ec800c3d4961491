/**
 * Back-pressure that is our own: bytes published and not yet in the ledger. The hub's limit is only the second wall.
 *
 * One credit serves one table's readers. A block larger than the whole credit is let through alone, so that a huge row
 * cannot wait for ever.
 */
export function createCredit(limitBytes: number) {
  let usedBytes = 0;
  const waiting: { readonly bytes: number; readonly resolve: (taken: boolean) => void }[] = [];

  const fits = (bytes: number): boolean => usedBytes === 0 || usedBytes + bytes <= limitBytes;

  const wake = (): void => {
    while (waiting[0] && fits(waiting[0].bytes)) {
      const next = waiting.shift();
      if (!next) return;
      usedBytes += next.bytes;
      next.resolve(true);
    }
  };

  return {
    /** Resolves with true once the bytes are taken, in the order of the calls; with false when the signal aborts first. */
    take(bytes: number, signal: AbortSignal): Promise<boolean> {
      if (signal.aborted) return Promise.resolve(false);
      if (waiting.length === 0 && fits(bytes)) {
        usedBytes += bytes;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const entry = {
          bytes,
          resolve: (taken: boolean) => {
            signal.removeEventListener('abort', leave);
            resolve(taken);
          },
        };
        const leave = (): void => {
          const at = waiting.indexOf(entry);
          if (at >= 0) waiting.splice(at, 1);
          entry.resolve(false);
          wake();
        };
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(entry);
      });
    },
    /** Gives back what the ledger holds now, or what will be published anew. */
    give(bytes: number): void {
      usedBytes = Math.max(0, usedBytes - bytes);
      wake();
    },
    usedBytes: (): number => usedBytes,
    hasWaiters: (): boolean => waiting.length > 0,
  };
}
export type Credit = ReturnType<typeof createCredit>;
