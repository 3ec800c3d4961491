import { SluiceError } from '../../model/sluice-error.ts';
import type { ChangeLane } from '../ports/change-capture.ts';

const nameOf = ({ transfer, lane }: ChangeLane): string => `lane ${lane} of ${transfer}`;

export const leaseLost = (lane: ChangeLane): SluiceError =>
  new SluiceError('capture.lease_lost', `another worker took ${nameOf(lane)}`);

/** Only a newer one has all that the lane is done with. */
export const snapshotTooOld = (lane: ChangeLane): SluiceError =>
  new SluiceError('source.snapshot_lost', `the snapshot is older than what ${nameOf(lane)} is done with`);

export const resyncRequired = (lane: ChangeLane, what: string): SluiceError =>
  new SluiceError('capture.resync_required', `${nameOf(lane)}: ${what}`);
