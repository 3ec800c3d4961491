import type { BatchHeader } from '../../src/model/batch.ts';
import type { LaneRef } from '../../src/model/lane.ts';
import { isSettled, type TargetState } from './target-state.ts';
import type { World } from './world.ts';

/** Checks that one reader never has more published and not applied than its credit, except one block alone. */
export function createCreditWatch(world: World, state: TargetState, name: string) {
  const open = new Map<string, Map<number, BatchHeader>>();
  let limitBytes = Number.POSITIVE_INFINITY;
  return {
    limit(bytes: number): void {
      limitBytes = bytes;
    },
    /** What was published of the lane is given up. */
    opening(ref: LaneRef): void {
      open.delete(state.laneKey(ref));
    },
    /** Some lane is to be read again, and its credit is free from now on. */
    reopened(): void {
      open.clear();
    },
    published(header: BatchHeader): void {
      if (state.restores > 0) return; // what counted as applied is not any more, and its credit was given back
      const key = state.laneKey(header);
      const lane = open.get(key) ?? new Map<number, BatchHeader>();
      open.set(key, lane);
      lane.set(header.n, header);
      const waiting = [...open.values()]
        .flatMap((batches) => [...batches.values()])
        .filter((batch) => batch.bytes > 0 && !isSettled(state, batch));
      const bytes = waiting.reduce((sum, batch) => sum + batch.bytes, 0);
      if (bytes > limitBytes && waiting.length > 1)
        world.fail('credit', `${name}: ${bytes} bytes in ${waiting.length} blocks, ${limitBytes} allowed`);
    },
  };
}
export type CreditWatch = ReturnType<typeof createCreditWatch>;
