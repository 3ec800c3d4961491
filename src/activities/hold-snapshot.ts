import { Context } from '@temporalio/activity';
import { systemClock } from '../engine/clock.ts';
import type { ActivityDeps, RunKey } from './contract.ts';
import { governed } from './governed.ts';

/** A snapshot dies with its connection: looked after so often. */
const CHECK_EVERY_MS = 5_000;
/** As workflows/messages.ts defines it; activities import no values from there. */
const SNAPSHOT_READY = 'snapshotReady';

/**
 * Keeps one snapshot of the source open until it is cancelled, across slices and pauses, and gives its name to its own
 * workflow by a signal: an activity has no other way to speak while it runs. Not to be retried: another attempt has
 * another snapshot, which the workflow must know of.
 * @throws source.snapshot_lost
 */
export const createHoldSnapshot =
  (deps: ActivityDeps) =>
  (request: RunKey): Promise<void> =>
    governed<void>({ log: deps.log, partial: () => undefined }, async (control) => {
      await deps.connections.useDatabase(request.source, async (source) => {
        const held = await source.reader.holdSnapshot(control.stop);
        try {
          const { client, info } = Context.current();
          const execution = info.workflowExecution;
          if (!execution) return;
          await client.workflow.getHandle(execution.workflowId, execution.runId).signal(SNAPSHOT_READY, {
            ref: held.ref,
            ...(held.boundToProcess && { taskQueue: deps.ownSourceQueue }),
          });
          while (!control.stop.aborted) {
            await held.check(control.stop);
            control.progress();
            await systemClock.sleep(CHECK_EVERY_MS, control.stop);
          }
        } finally {
          await held.close();
        }
      });
    });
