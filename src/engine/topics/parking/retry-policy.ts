import { QUARANTINE_DEFAULTS } from '../../../model/quarantine.ts';
import { durationMs, type TransferSpec } from '../../../model/transfer-spec.ts';
import type { RetryPolicy } from '../../ports/event-parking.ts';

interface Times {
  readonly retryAfter: string;
  readonly tries: number;
  readonly holdFor: string;
}

const policyOf = (times: Times): RetryPolicy => ({
  retryAfterMs: durationMs(times.retryAfter),
  tries: times.tries,
  holdForMs: durationMs(times.holdFor),
});

/** For what was set apart before nothing was to be set apart any more. */
export const DEFAULT_POLICY = policyOf(QUARANTINE_DEFAULTS);

/** Undefined: nothing is set apart, an event that is refused stops its lane. */
export function retryPolicyOf({ changes = {} }: Pick<TransferSpec, 'changes'>): RetryPolicy | undefined {
  if ((changes.ordering ?? 'key') !== 'key') return undefined;
  return policyOf({ ...QUARANTINE_DEFAULTS, ...changes.quarantine });
}
