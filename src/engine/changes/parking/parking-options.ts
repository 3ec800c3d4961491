import type { RetryPolicy } from '../../ports/event-parking.ts';
import type { ParkingMemory } from './parking-memory.ts';

export interface ParkingOptions extends RetryPolicy {
  /** Milliseconds since 1970: what is written with it is read by other processes, and later. */
  readonly now: () => number;
  readonly memory: ParkingMemory;
  /** Told now and then while it takes long. */
  readonly progress: () => void;
}
