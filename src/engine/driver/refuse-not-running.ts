import { SluiceError } from '../../model/sluice-error.ts';
import type { OwnedRun } from '../ports/ledger.ts';

/**
 * Refuses what would be done in a run that is over, or that is another execution's by now.
 * @param standing  the run's row, read behind its lock; undefined where there is none
 * @throws SluiceError transfer.not_running
 */
export function refuseNotRunning(
  { execution }: Pick<OwnedRun, 'execution'>,
  standing: { readonly isOpen: boolean; readonly execution: string | null } | undefined,
): void {
  if (!standing?.isOpen)
    throw new SluiceError('transfer.not_running', 'the run is closed, or a newer one took its place');
  if (execution === undefined || execution === standing.execution) return;
  throw new SluiceError('transfer.not_running', 'another execution goes on with the run');
}
