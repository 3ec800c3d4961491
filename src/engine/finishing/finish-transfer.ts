import { isSluiceError } from '../../model/sluice-error.ts';
import type { Hub } from '../ports/hub.ts';
import type { TransferDeps } from '../planning/prepare-transfer.ts';
import { type LostKey, restoreKeys } from '../structure/restore-keys.ts';

interface RunRef {
  readonly transfer: string;
  readonly run: number;
}

/** Removes what the hub keeps of the run; a hub that is gone has nothing to remove. Idempotent. */
export async function removeFromHub(hub: Hub, run: RunRef, signal: AbortSignal): Promise<void> {
  try {
    await hub.topics.remove(run, signal);
  } catch (error) {
    if (!isSluiceError(error) || error.code !== 'hub.stream_lost') throw error;
  }
}

/**
 * Ends the run: the next start copies anew. Closed first, so that a crash between leaves streams and never an open run.
 * @param run.restore  some table has not come to its end: what was dropped for its rows is made again
 * @returns foreign keys that could not be made again
 */
export async function closeTransfer(
  deps: Pick<TransferDeps, 'target' | 'hub'>,
  run: RunRef & { readonly restore?: boolean },
  signal: AbortSignal,
): Promise<readonly LostKey[]> {
  const lost = run.restore === true ? await restoreKeys(deps.target, run, signal) : [];
  await deps.target.ledger.closeRun(run.transfer, run.run, signal);
  await removeFromHub(deps.hub, run, signal);
  return lost;
}
