/** Numbers that a seed decides: the same seed, the same numbers on every machine. */
export function createRandom(seed: number) {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  /** mulberry32: from 0 to below 1. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (from: number, upto: number): number => from + Math.floor(next() * (upto - from + 1));
  return {
    next,
    /** Both ends included. */
    int,
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(values: readonly T[]): T => values[int(0, values.length - 1)] as T,
    /** Mostly small, now and then far out: how long things take. */
    latencyMs: (usualMs: number): number => {
      const luck = next();
      if (luck > 0.995) return next() * usualMs * 400;
      return luck > 0.95 ? next() * usualMs * 30 : next() * usualMs * 2;
    },
  };
}
export type Random = ReturnType<typeof createRandom>;
