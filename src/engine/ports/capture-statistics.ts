import type { LagMinute, MinuteCounts } from '../../model/change-statistics.ts';

/** What was moved of a source's changes, minute by minute, as its capture has it; older counts stand for an hour or a day, and the oldest are forgotten (capture-spec.ts). */
export interface CaptureStatistics {
  /** In the order of time, transfer, table and operation. @param choice.transfer  absent: of all */
  counts(
    choice: { readonly transfer?: string | undefined; readonly sinceMs: number },
    signal: AbortSignal,
  ): Promise<readonly MinuteCounts[]>;
  lags(
    choice: { readonly transfer?: string | undefined; readonly sinceMs: number },
    signal: AbortSignal,
  ): Promise<readonly LagMinute[]>;
}
