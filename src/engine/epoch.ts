import { randomBytes } from 'node:crypto';

/**
 * Names one opening of a lane, for ever: attempts are counted, and a target that is restored from a backup counts some of
 * them a second time (docs/decisions/an-opening-has-an-epoch.md).
 */
export const drawEpoch = (): string => randomBytes(8).toString('hex');
