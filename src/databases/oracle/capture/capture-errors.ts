import type { ChangeLane } from '../../../engine/ports/change-capture.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { ErrorContext } from '../error-codes.ts';
import type { CaptureNames } from './capture-names.ts';

const nameOf = ({ transfer, lane }: ChangeLane): string => `lane ${lane} of ${transfer}`;

export const leaseLost = (lane: ChangeLane): SluiceError =>
  new SluiceError('capture.lease_lost', `another worker took ${nameOf(lane)}`);

export const resyncRequired = (lane: ChangeLane, what: string): SluiceError =>
  new SluiceError('capture.resync_required', `${nameOf(lane)}: ${what}`);

/** Of statements on our own tables: where they are not there, nothing was installed. */
export const inCapture = ({ schema }: CaptureNames): ErrorContext => ({ side: 'capture', where: schema });
