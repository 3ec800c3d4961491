import type { ErrorCode } from '../../model/error-codes.ts';
import { isSluiceError, type SluiceError } from '../../model/sluice-error.ts';

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'target.constraint_violated',
  'target.value_rejected',
  'source.value_rejected',
  'target.row_missing',
  'target.row_exists',
]);

/** The target has drifted, and changes are strict. */
export const isDrifted = ({ code }: SluiceError): boolean =>
  code === 'target.row_missing' || code === 'target.row_exists';

/** It is this very change that does not go into this target: no other one is refused for the same reason, nor later by itself. */
export const isRefusal = (error: unknown): error is SluiceError =>
  isSluiceError(error) && REFUSALS.has(error.code);

/**
 * Does it once. Where it is refused, constraints that wait for the commit may have refused it there, where nothing tells whose fault it is:
 * then once more, with checks behind each part.
 */
export async function withLateChecks<T>(work: (checks: boolean) => Promise<T>): Promise<T> {
  try {
    return await work(false);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return work(true);
  }
}
