import type { ChangeLane } from '../../../../engine/ports/change-capture.ts';
import { isSluiceError, SluiceError } from '../../../../model/sluice-error.ts';

const nameOf = ({ transfer, lane }: ChangeLane): string => `lane ${lane} of ${transfer}`;

export const leaseLost = (lane: ChangeLane): SluiceError =>
  new SluiceError('capture.lease_lost', `another worker took ${nameOf(lane)}`);

export const resyncRequired = (lane: ChangeLane, what: string): SluiceError =>
  new SluiceError('capture.resync_required', `${nameOf(lane)}: ${what}`);

const NO_TABLE = new Set(['42P01', '3F000']);

/** An error of a statement on our own tables: where they are not there, nothing was installed. */
export function inCapture(error: unknown, schema: string): unknown {
  if (!isSluiceError(error) || !NO_TABLE.has(error.details.vendorCode ?? '')) return error;
  return new SluiceError('capture.not_installed', `the schema ${schema} has no capture`, error.details);
}
