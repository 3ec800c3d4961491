import { laneOfChanges } from '../../model/changes-plan.ts';
import type { LaneRef } from '../../model/lane.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Judging } from '../changes/drift/judging.ts';
import { createParkingMemory } from '../changes/parking/parking-memory.ts';
import type { ParkingOptions } from '../changes/parking/parking-options.ts';
import { retryParked } from '../changes/parking/retry-parked.ts';
import type { Clock } from '../clock.ts';
import { movesChanges } from '../planning/changes-of-transfer.ts';
import type { Database } from '../ports/dialect.ts';
import { retryPolicyOf } from '../quarantine/retry-policy.ts';
import type { SliceControl } from '../slice.ts';

/** Null where only rows are moved, where all changes keep their order, or where the target cannot. */
export async function parkingOf(
  ends: { readonly target: RetriesOptions['target']; readonly now: () => number },
  spec: TransferSpec,
  control: SliceControl,
): Promise<ParkingOptions | null> {
  const { target, now } = ends;
  const policy = movesChanges(spec) && target.quarantine ? retryPolicyOf(spec) : null;
  if (!policy || control.stop.aborted) return null;
  // A run that was begun by an older version has no table for it yet.
  await target.ledger.install(new AbortController().signal);
  return { ...policy, now, memory: createParkingMemory(), progress: () => control.progress() };
}

/** So often it is asked whether anything that is set apart is due. */
const ASK_EVERY_MS = 2_000;

export interface RetriesOptions {
  readonly target: Pick<Database, 'dialect' | 'ledger' | 'writer'> &
    Partial<Pick<Database, 'structure' | 'introspector' | 'quarantine' | 'drift'>>;
  readonly run: { readonly transfer: string; readonly run: number };
  /** Null: nothing is ever set apart. */
  readonly parking: ParkingOptions | null;
  readonly judging: Judging | undefined;
  readonly clock: Clock;
  /** Lanes that wait for a person, by their table ids: what is set apart of them waits too. */
  readonly excluded: ReadonlySet<string>;
  readonly onError: (table: string, error: unknown) => void;
}

/**
 * Tries again what is set apart of a run's changes, beside the batches that arrive, or where none does; one round at a time. What
 * decides is the lock of the lane: several processes may do it at once.
 */
export function createRetries(options: RetriesOptions) {
  const { target, run, parking, judging, clock, excluded } = options;
  const never = new AbortController().signal;
  let askedMs = clock.now();
  let running: Promise<void> | null = null;

  const isDue = async (parked: ParkingOptions, nowMs = parked.now()): Promise<boolean> => {
    return (
      (await target.quarantine?.isDue?.(
        run.transfer,
        { nowMs, finalBeforeMs: parked.now() - parked.holdForMs },
        never,
      )) ?? false
    );
  };
  /** Of all lanes of changes that are planned; others have nothing to try with. */
  const tryAll = async (parked: ParkingOptions, now: boolean): Promise<void> => {
    const tables = await target.ledger.progress(run.transfer, run.run, never);
    for (const { table, generation, lanes, endedLanes } of tables) {
      const number = laneOfChanges(table);
      if (number === null || excluded.has(table) || (now && endedLanes < lanes)) continue;
      try {
        const planned = await target.ledger.readTable(run.transfer, run.run, table, never);
        const plan = planned?.plan.changes;
        if (!plan || planned.generation !== generation) continue;
        const lane: LaneRef = { ...run, table, generation, lane: number };
        let result = await retryParked(target, { lane, plan, judging, now }, parked, never);
        while (!now && result.applied > 0)
          result = await retryParked(target, { lane, plan, judging }, parked, never);
      } catch (error) {
        options.onError(table, error);
      }
    }
  };
  const round = async (parked: ParkingOptions): Promise<void> => {
    try {
      if (await isDue(parked)) await tryAll(parked, false);
    } catch (error) {
      options.onError('', error);
    } finally {
      askedMs = clock.now();
      running = null;
    }
  };
  return {
    /** Call it a few times a second. */
    tick(): void {
      if (!parking || running || clock.now() - askedMs < ASK_EVERY_MS) return;
      running = round(parking);
    },
    /** All that waits of lanes that have ended is tried once more, whatever its time: nothing will come after it. */
    async last(): Promise<void> {
      await running;
      if (!parking) return;
      try {
        if (await isDue(parking, Number.MAX_SAFE_INTEGER)) await tryAll(parking, true);
      } catch (error) {
        options.onError('', error);
      }
    },
  };
}
export type Retries = ReturnType<typeof createRetries>;
