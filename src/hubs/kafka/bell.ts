/** A bell that wakes whoever waits for it; rung while nobody waits, the next wait ends at once. */
export function createBell(): { ring(): void; wait(mostMs: number): Promise<void> } {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    wait: (mostMs) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          wake = null;
          rung = false;
          resolve();
        };
        const timer = setTimeout(end, mostMs);
        wake = end;
        if (rung) end();
      }),
  };
}
