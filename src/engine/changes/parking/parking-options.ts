import { durationMs, type TransferSpec } from '../../../model/transfer-spec.ts';
import { QUARANTINE_DEFAULTS } from '../../../model/quarantine.ts';
import type { ParkingMemory } from './parking-memory.ts';

export interface ParkingTimes {
  readonly retryAfterMs: number;
  readonly tries: number;
  readonly holdForMs: number;
}

export interface ParkingOptions extends ParkingTimes {
  /** Milliseconds since 1970: what is written with it is read by other processes, and later. */
  readonly now: () => number;
  readonly memory: ParkingMemory;
  /** Told now and then while it takes long. */
  readonly progress: () => void;
}

/** Null: nothing is set apart, a refused change blocks its lane. */
export function parkingTimesOf({ changes = {} }: Pick<TransferSpec, 'changes'>): ParkingTimes | null {
  if ((changes.ordering ?? 'key') !== 'key') return null;
  const { retryAfter, tries, holdFor } = { ...QUARANTINE_DEFAULTS, ...changes.quarantine };
  return { retryAfterMs: durationMs(retryAfter), tries, holdForMs: durationMs(holdFor) };
}
