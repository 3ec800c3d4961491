import type { ActivitySlotInfo, CustomSlotSupplier, NativeConnection, WorkerTuner } from '@temporalio/worker';
import { systemClock } from '../engine/clock.ts';

/** temporal.api.enums.v1.TaskQueueType */
const ACTIVITY_QUEUE = 2;
/** A worker counts as there for so long after its last poll; Temporal itself keeps pollers for five minutes. */
const FRESH_MS = 90_000;
/** A busy worker looks again after so long for each slice that it has, and ever more seldom while nothing waits. */
const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 2_000;
/** Workflows and local activities are not in these queues. */
const NONE = { type: 'fixed-size', numSlots: 1 } as const;

type Supplier = CustomSlotSupplier<ActivitySlotInfo>;
type QueueAsker = Pick<NativeConnection, 'workflowService'>;

/** What Temporal knows of a queue. A server that does not count what waits lets everybody take. */
async function lookAt(
  { workflowService }: QueueAsker,
  queue: { readonly namespace: string; readonly name: string },
  identity: string,
): Promise<{ readonly isAlone: boolean; readonly waits: boolean }> {
  const { pollers, stats } = await workflowService.describeTaskQueue({
    namespace: queue.namespace,
    taskQueue: { name: queue.name },
    taskQueueType: ACTIVITY_QUEUE,
    reportStats: true,
  });
  const oldestMs = Date.now() - FRESH_MS;
  const isFresh = (seconds: unknown): boolean => Number(seconds ?? 0) * 1000 >= oldestMs;
  const others = (pollers ?? []).filter(
    (poller) => poller.identity !== identity && isFresh(poller.lastAccessTime?.seconds),
  );
  return { isAlone: others.length === 0, waits: !stats || Number(stats.approximateBacklogCount ?? 0) > 0 };
}

/**
 * Slots of one queue of slices. Temporal gives a task to whoever asks first, which may be one worker for all tasks of a
 * moment: so a worker that has slices already asks for more only while some wait that no idle worker took, or while it
 * is the only one.
 */
export function takeTurns(
  connection: QueueAsker,
  queue: { readonly namespace: string; readonly name: string },
  slots: number,
): WorkerTuner {
  let used = 0;
  /** A poll is under way: the next one is another decision, for what that one brings counts. */
  let polling = false;
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const wake of waiting) wake();
    waiting.clear();
  };

  const mayTake = async (identity: string): Promise<boolean> => {
    if (polling || used >= slots) return false;
    if (used === 0) return true;
    // Unanswered: as without turns.
    const seen = await lookAt(connection, queue, identity).catch(() => ({ isAlone: true, waits: true }));
    return !polling && used < slots && (seen.isAlone || seen.waits);
  };

  const supplier: Supplier = {
    type: 'custom',
    reserveSlot: async ({ workerIdentity }, signal) => {
      for (let lookMs = FIRST_LOOK_MS; !signal.aborted; lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS)) {
        if (await mayTake(workerIdentity)) {
          polling = true;
          return {};
        }
        const before = used;
        // Less busy workers look first.
        const woken = new AbortController();
        waiting.add(() => woken.abort());
        await systemClock.sleep(lookMs * Math.max(1, used), AbortSignal.any([signal, woken.signal]));
        if (used !== before) lookMs = FIRST_LOOK_MS;
      }
      throw signal.reason;
    },
    tryReserveSlot: () => null,
    markSlotUsed: () => {
      polling = false;
      used += 1;
      changed();
    },
    releaseSlot: ({ slotInfo }) => {
      if (slotInfo) used -= 1;
      else polling = false; // never used
      changed();
    },
  };
  return {
    activityTaskSlotSupplier: supplier,
    workflowTaskSlotSupplier: NONE,
    localActivityTaskSlotSupplier: NONE,
    nexusTaskSlotSupplier: NONE,
  };
}
