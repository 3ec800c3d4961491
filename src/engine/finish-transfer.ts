import { isSluiceError } from '../model/sluice-error.ts';
import type { Hub } from './ports/hub.ts';
import type { TransferDeps } from './prepare-transfer.ts';

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

/** Ends the run: the next start copies anew. Closed first, so that a crash between leaves streams and never an open run. */
export async function closeTransfer(
  deps: Pick<TransferDeps, 'target' | 'hub'>,
  run: RunRef,
  signal: AbortSignal,
): Promise<void> {
  await deps.target.ledger.closeRun(run.transfer, run.run, signal);
  await removeFromHub(deps.hub, run, signal);
}
