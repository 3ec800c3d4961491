import type { ErrorCode } from '../../model/error-codes.ts';
import { isSluiceError, type SluiceError } from '../../model/sluice-error.ts';

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'target.constraint_violated',
  'target.value_rejected',
  'source.value_rejected',
]);

/** It is this very change that does not go into this target: no other one is refused for the same reason, nor later by itself. */
export const isRefusal = (error: unknown): error is SluiceError =>
  isSluiceError(error) && REFUSALS.has(error.code);
