import { hubError, isPassing } from './error-codes.ts';
import { backOff, pause, untilAborted } from '../../engine/waiting.ts';

/** A restart of a broker takes seconds; what takes longer is an error, which Temporal tries again. */
const PATIENCE_MS = 15_000;
const FIRST_DELAY_MS = 30;
const LONGEST_DELAY_MS = 1_000;

/**
 * Repeats what fails because the cluster is away or in the middle of something, for a while.
 *
 * @throws SluiceError hub.*; the signal's reason
 */
export async function patiently<T>(work: () => Promise<T>, where: string, signal: AbortSignal): Promise<T> {
  const began = Date.now();
  const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await untilAborted(work(), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || Date.now() - began > PATIENCE_MS) throw hubError(error, where);
    }
    await pause(delays.next(), signal);
  }
}
