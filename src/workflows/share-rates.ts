import type { TransferSettings } from '../model/transfer-settings.ts';
import type { Move, ReadMove, RunningSlice } from './schedule.ts';

/** A slice is begun anew for a larger share when that is so much more. */
const WORTH_A_SHARE = 1.25;
/** And not sooner: a part that finds nothing left leaves its share at once, time after time. */
const WORTH_AFTER_MS = 30_000;
/** Shares are quotients. */
const ROUNDING = 1.001;

export const readersOf = (each: readonly { readonly readers: number }[]): number =>
  each.reduce((sum, { readers }) => sum + readers, 0);

/**
 * Divides the transfer's rates by readers: of all that it may have, or where no other table wants one, of those at work. When
 * a share fits no more all slices end, but for queries that would begin again and have not too much themselves, and nothing
 * begins before: together they never have more than all.
 */
export function shareRates(
  settings: TransferSettings,
  {
    reading,
    moves,
    isAll,
    nowMs,
  }: {
    readonly reading: readonly RunningSlice[];
    readonly moves: readonly ReadMove[];
    /** No table waits for a reader. */
    readonly isAll: boolean;
    readonly nowMs: number;
  },
): readonly Move[] {
  if (settings.ratePerSecond <= 0 && (settings.bytesPerSecond ?? 0) <= 0) return moves;
  const total = isAll ? readersOf(reading) + readersOf(moves) : settings.readers;
  const isTooLarge = ({ readers, rateShare }: RunningSlice): boolean =>
    rateShare > (readers / total) * ROUNDING;
  // What was read in one go would be read again, which costs more than any share is worth.
  const isTooSmall = ({ readers, rateShare, startedAtMs, inOne }: RunningSlice): boolean =>
    !inOne && readers / total > rateShare * WORTH_A_SHARE && nowMs - startedAtMs >= WORTH_AFTER_MS;
  if (reading.some((slice) => isTooLarge(slice) || isTooSmall(slice)))
    return reading
      .filter((slice) => !slice.halted && (!slice.inOne || isTooLarge(slice)))
      .map((slice) => ({ move: 'halt', slice }));
  return moves.map((move) => ({ ...move, rateShare: move.readers / total }));
}
