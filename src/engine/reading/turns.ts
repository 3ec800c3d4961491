/** So many may be at work at once; who comes later waits for a turn, first come first served. */
export function createTurns(most: number) {
  let taken = 0;
  const waiting: (() => void)[] = [];
  const give = (): void => {
    const next = waiting.shift();
    // The turn goes straight to the next that waits, so that never more than `most` have one.
    if (next) next();
    else taken -= 1;
  };
  return {
    /** Resolves with the function that gives the turn back, which may be called again; null when the signal aborts first. */
    take(signal: AbortSignal): Promise<(() => void) | null> {
      if (signal.aborted) return Promise.resolve(null);
      const once = (): (() => void) => {
        let given = false;
        return () => {
          if (!given) give();
          given = true;
        };
      };
      if (taken < most) {
        taken += 1;
        return Promise.resolve(once());
      }
      return new Promise((resolve) => {
        const enter = (): void => {
          signal.removeEventListener('abort', leave);
          resolve(once());
        };
        const leave = (): void => {
          waiting.splice(waiting.indexOf(enter), 1);
          resolve(null);
        };
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(enter);
      });
    },
  };
}
export type Turns = ReturnType<typeof createTurns>;
