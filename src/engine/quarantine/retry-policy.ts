import { QUARANTINE_DEFAULTS } from '../../model/quarantine.ts';
import { durationMs, type TransferSpec } from '../../model/transfer-spec.ts';
import type { RetryPolicy } from '../ports/event-parking.ts';

interface Times {
  readonly retryAfter: string;
  readonly tries: number;
  readonly holdFor: string;
}

export const policyOf = ({ retryAfter, tries, holdFor }: Times): RetryPolicy => ({
  retryAfterMs: durationMs(retryAfter),
  tries,
  holdForMs: durationMs(holdFor),
});

/** What becomes of changes that are refused. Null: nothing is set apart, such a change stops its lane. */
export function retryPolicyOf({ changes = {} }: Pick<TransferSpec, 'changes'>): RetryPolicy | null {
  const { ordering = 'key' } = changes;
  if (ordering === 'table' || ordering === 'transaction') return null;
  const policy = policyOf({ ...QUARANTINE_DEFAULTS, ...changes.quarantine });
  return ordering === 'none' ? { ...policy, ordering } : policy;
}
