import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls with the signal's reason when it aborts, at once if it has; until the returned function is called.
 * Lifts Node's limit of ten listeners a signal, which is a guess at leaks: many waits share the signal of one slice.
 */
export function onAbort(signal: AbortSignal, listener: (reason: Error) => void): () => void {
  const call = (): void => listener(signal.reason as Error);
  if (signal.aborted) {
    call();
    return () => undefined;
  }
  setMaxListeners(0, signal);
  signal.addEventListener('abort', call, { once: true });
  return () => signal.removeEventListener('abort', call);
}

/** Settles as the promise does, or rejects with the signal's reason when that comes first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, reject);
    promise.then(resolve, reject).finally(off);
  });
}

/** The promise's value, or `late` when it does not settle in time; leaves no timer behind. */
export async function within<T, L>(promise: Promise<T>, timeoutMs: number, late: L): Promise<T | L> {
  const done = new AbortController();
  const timer = delay(timeoutMs, late, { signal: done.signal, ref: false });
  timer.catch(() => undefined);
  try {
    return await Promise.race([promise, timer]);
  } finally {
    done.abort();
  }
}

/** @throws the signal's reason */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  setMaxListeners(0, signal);
  try {
    await delay(delayMs, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}

/** Delays that double up to the longest, each spread by a quarter so that many waiters do not march in step. */
export function backOff(firstMs: number, longestMs: number): { next(): number; reset(): void } {
  let delayMs = firstMs;
  return {
    next: () => {
      const spread = delayMs * (0.75 + Math.random() / 2);
      delayMs = Math.min(delayMs * 2, longestMs);
      return spread;
    },
    reset: () => {
      delayMs = firstMs;
    },
  };
}
