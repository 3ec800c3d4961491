import type { BatchHeader } from '../../../model/batch.ts';
import { laneKey } from '../../../model/lane.ts';

type Opening = Pick<BatchHeader, 'attempt' | 'epoch' | 'n'>;

/**
 * Lanes of which nothing is set apart, as this process knows it: nobody has to ask before the next batch. Only a batch of the lane
 * makes something be set apart where nothing was, and the ledger takes a batch only right behind the one that is remembered here: so
 * what was true behind that one is true still. Whoever retries, discards or copies anew only takes away.
 */
export function createParkingMemory() {
  const free = new Map<string, Opening>();
  return {
    isFree(header: BatchHeader): boolean {
      const known = free.get(laneKey(header));
      return (
        known !== undefined &&
        known.attempt === header.attempt &&
        known.epoch === header.epoch &&
        known.n === header.n - 1
      );
    },
    /** What is true behind the batch, which was applied. */
    note(header: BatchHeader, isFree: boolean): void {
      const { attempt, epoch, n } = header;
      if (isFree) free.set(laneKey(header), { attempt, epoch, n });
      else free.delete(laneKey(header));
    },
  };
}
export type ParkingMemory = ReturnType<typeof createParkingMemory>;
