import { QUARANTINE_DEFAULTS } from '../../../model/quarantine.ts';
import { policyOf } from '../../quarantine/retry-policy.ts';

/** For what was set apart before nothing was to be set apart any more. */
export const DEFAULT_POLICY = policyOf(QUARANTINE_DEFAULTS);
