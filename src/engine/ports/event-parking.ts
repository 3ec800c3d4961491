import type { ChangeEvent } from '../../model/change-event.ts';
import type { ConfirmedCounts } from '../../model/change-statistics.ts';
import type { ChangeLane, ClaimLimits, Lease } from './change-capture.ts';

/** An event of a claim that does not go out with it. */
export interface EventToPark {
  /** As wholeEvents gives it. */
  readonly event: ChangeEvent;
  /** Id of its table. */
  readonly table: string;
  /** See ParkedEvent.key; ANY_KEY: it may be of any row of its table. */
  readonly key: string;
  /** Why it was refused; null: it waits behind another one of its key. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
}

/** Of an event that concerns all keys of its table, as a truncation, or of which nobody can tell. */
export const ANY_KEY = '*';

export interface RetryPolicy {
  readonly retryAfterMs: number;
  readonly tries: number;
  readonly holdForMs: number;
  /** `none`: nothing waits behind another one of its key. Absent: what comes later of a key does. */
  readonly ordering?: 'none';
}

/** An event that is set apart, as those are told by it that must wait behind it. */
export interface ParkedMark {
  readonly event: string;
  /** Number of its table in the capture. */
  readonly table: number;
  readonly key: string;
}

/**
 * Events of a lane that were refused, and those of their keys behind them, set apart in the capture's schema with their payloads, so
 * that the lane goes on: design.md section 7, "Rejected events". A claim loses the events that are excluded from it, for ever, and
 * nothing else of it ever changes. What is set apart comes again in a claim of its own, in id order, and so on until a claim that
 * has it is confirmed.
 *
 * Each method is one synchronous transaction of the source under the lock of the lane; none but the lease's holder gets through.
 */
export interface EventParking {
  /** All that are set apart of a lane, in id order. */
  marks(lane: ChangeLane, signal: AbortSignal): Promise<readonly ParkedMark[]>;
  /**
   * Excludes events from a claim that is not stored, and sets them apart. Those that came with a retry are set apart again, and
   * counted once more where they were refused. Idempotent for a claim's events.
   * @throws SluiceError capture.lease_lost, capture.resync_required where their payloads are gone
   */
  park(
    lease: Lease,
    request: {
      readonly claim: number;
      readonly events: readonly EventToPark[];
      readonly policy: RetryPolicy;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Seals the next claim from events that are to be tried again, with those of their keys behind them; discards before what was
   * held for long enough. Null: none is due.
   * @returns its number: one above the lane's last
   * @throws SluiceError capture.lease_lost
   */
  seal(
    lease: Lease,
    request: { readonly limits: ClaimLimits; readonly policy: RetryPolicy },
    signal: AbortSignal,
  ): Promise<number | null>;
  /** ChangeCapture.confirm, and what is counted of it in the same transaction; one that does not advance counts nothing. */
  confirm(
    lease: Lease,
    request: { readonly claim: number } & ConfirmedCounts,
    signal: AbortSignal,
  ): Promise<void>;
}
