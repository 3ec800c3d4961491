import { CancellationScope, condition, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { TransferActivities } from '../activities/contract.ts';
import { ERRORS } from '../model/error-codes.ts';
import type { Control } from './control.ts';
import { isMoving } from './control-state.ts';
import { errorOf } from './failing.ts';

/** After a snapshot was lost the next one is tried after so long. */
const AGAIN_MS = 5_000;
/** The longest that Temporal lets an activity run; snapshots live as long as the transfer reads. */
const HOLD_FOR = '30 days';

/** Some table that is not copied yet can only be read in the held snapshot. Paused tables still need theirs. */
const isNeeded = ({ state }: Control): boolean =>
  state.tables.some(
    (table) =>
      (table.needsSnapshot || (state.prepared?.oneSnapshot ?? false)) &&
      (isMoving(table) || table.status === 'paused' || table.status === 'pausing'),
  );

/**
 * Holds one snapshot of the source as long as a table needs it, across slices and pauses. It is never retried by
 * Temporal: another attempt would have another snapshot. Runs until its scope is cancelled.
 */
export async function keepSnapshot(
  control: Control,
  taskQueue: string,
  heartbeatTimeoutMs: number,
): Promise<void> {
  const { holdSnapshot } = proxyActivities<Pick<TransferActivities, 'holdSnapshot'>>({
    taskQueue,
    startToCloseTimeout: HOLD_FOR,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { maximumAttempts: 1 },
  });
  try {
    for (;;) {
      await condition(() => isNeeded(control));
      const scope = new CancellationScope();
      control.state.snapshotInUse = true;
      const held = scope.run(() =>
        holdSnapshot.executeWithOptions({ summary: 'hold one snapshot of the source' }, [control.runKey()]),
      );
      const ended = held.then(
        () => null,
        (error: unknown) => error,
      );
      let over = false;
      void ended.then(() => (over = true));
      // Tables that are being planned were given it, and one of them may need it.
      const isOver = (): boolean => over || !(isNeeded(control) || control.runs('plan'));
      await condition(() => isOver() || control.snapshotRef !== null);
      // Forgotten while it is held: a slice could not read in it. It says its name only once, so another one is held.
      await condition(() => isOver() || control.snapshotRef === null);
      scope.cancel();
      const error = await ended;
      control.snapshotLost();
      control.state.snapshotInUse = false;
      if (error !== null && !isCancellation(error)) await afterFailure(control, error);
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}

async function afterFailure(control: Control, error: unknown): Promise<void> {
  const { code, message } = errorOf(error);
  if (ERRORS[code].retry === 'never') control.fail({ code, message, details: {} });
  control.warn(
    `the snapshot of the source was lost (${code}); what was not finished is read from another one`,
  );
  await condition(() => false, AGAIN_MS);
}
