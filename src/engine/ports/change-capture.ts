import type { RowBlock } from '../../model/row-block.ts';
import type { EventParking } from './event-parking.ts';
import type { SnapshotRef } from './source-reader.ts';

/** Captured tables whose events one lane of a transfer carries, by their numbers. */
export interface LaneTables {
  readonly lane: number;
  readonly tables: readonly number[];
}

export interface ChangeLane {
  readonly transfer: string;
  readonly lane: number;
}

/** The right to seal and confirm claims of a lane, until somebody else takes it. */
export interface Lease extends ChangeLane {
  /** Who holds it; fences all earlier ones. */
  readonly epoch: string;
  /** Claims up to it are sealed, and those up to `confirmed` no longer needed. Counted from 1 for ever. */
  readonly sealed: number;
  readonly confirmed: number;
}

export interface ClaimLimits {
  readonly events: number;
  readonly bytes: number;
  /**
   * Claims end where no transaction of the source is cut: the last such place within the limits and above a half of them, else the
   * first one behind, within these; only where there is none, anywhere, at the limits. A transaction counts by its events in the lane;
   * one that has none among as many behind as the limits allow is over. Where a source does not tell transactions apart, the times of
   * events do as well as they can. Absent: claims are cut anywhere.
   */
  readonly whole?: { readonly events: number; readonly bytes: number };
}

export interface Backlog {
  /** Events recorded and in no confirmed claim of the transfer; an estimate where counting would read all of them. */
  readonly events: number;
  /** Time of the oldest of them, canonical timestamptz; null where there is none. */
  readonly oldestAt: string | null;
}

/**
 * Events of the staging table as contiguous sealed claims: design.md section 7.
 *
 * Pending is what is in no claim of this transfer, open or confirmed; never "id above the last one", for neither ids nor
 * transaction numbers are the order of commits. Sealing gives what is pending the next number and records what it holds, in one
 * synchronous transaction of the source; from then on a claim reads the same for ever, until it is confirmed. Within a claim events are
 * in id order, which is the order of commits for every key.
 */
export interface ChangeCapture {
  /**
   * Makes the transfer known with its lanes; from its commit on every event of the lanes' tables is pending or in a claim and
   * stays until confirmed. Idempotent: what stands already is kept, and lanes that are new begin now.
   * @throws SluiceError capture.not_installed
   */
  register(transfer: string, lanes: readonly LaneTables[], signal: AbortSignal): Promise<void>;
  /** Its lanes as they stand, by their numbers; none of a transfer that is not known. */
  lanes(transfer: string, signal: AbortSignal): Promise<readonly LaneTables[]>;
  /** Forgets it with its claims: nothing is kept for it any more. */
  unregister(transfer: string, signal: AbortSignal): Promise<void>;
  /**
   * The lane goes on at a snapshot in which all of its rows are about to be read: pending is what is not visible in it. Claims that are not
   * confirmed are empty from then on, for all that they held is visible in it; whoever held the lane can seal no more. One transaction,
   * idempotent.
   * @returns whether there were claims, of which the target may have some or get some late
   * @throws SluiceError source.snapshot_lost where it is gone, or was made before the lane was registered or last went on;
   * capture.resync_required for an unknown lane. Absent: rows of a table without a key cannot be copied here and then followed.
   */
  beginAt?(lane: ChangeLane, snapshot: SnapshotRef, signal: AbortSignal): Promise<boolean>;
  /** Takes the lane over: who held it can seal and confirm nothing any more. @throws SluiceError capture.not_installed, capture.resync_required for an unknown lane */
  lease(lane: ChangeLane, signal: AbortSignal): Promise<Lease>;
  /**
   * Seals the next claim. Null: nothing is pending.
   * @returns its number: one above the lane's last
   * @throws SluiceError capture.lease_lost
   */
  seal(lease: Lease, limits: ClaimLimits, signal: AbortSignal): Promise<number | null>;
  /**
   * Events of a sealed claim as blocks of `event-rows`; each is marked `isLive`. Positions are `[claim, id]`: all claims before it, and of
   * this one the events up to that id; `[claim, '']` in its last block: all of it. A claim has one block at least, be it empty.
   * @param request.afterId  only what comes behind it; null: all of the claim
   * @param request.mostRowBytes  an event that takes more is refused before it is held in memory; absent: none is
   * @param request.any  of tables by their numbers the columns that the plan has as kind `any`: their values come as canonical texts
   *   of that kind, which SQLite's own types alone do not tell
   * @throws SluiceError capture.resync_required where the claim is gone, source.row_too_large
   */
  read(
    lease: Lease,
    request: {
      readonly claim: number;
      readonly afterId: string | null;
      readonly blockBytes: number;
      readonly mostRowBytes?: number;
      readonly any?: ReadonlyMap<number, readonly string[]>;
    },
    signal: AbortSignal,
  ): AsyncIterable<RowBlock>;
  /** The target has all claims up to this one. Idempotent; never goes back. @throws SluiceError capture.lease_lost */
  confirm(lease: Lease, claim: number, signal: AbortSignal): Promise<void>;
  /**
   * Frees events that every registered transfer has confirmed, and those of tables that no transfer takes and that are older than
   * the retention. Waits for nobody's lock longer than a moment. @returns events, or about how many, that were freed
   */
  housekeep(options: { readonly retentionMs: number }, signal: AbortSignal): Promise<number>;
  backlog(transfer: string, signal: AbortSignal): Promise<Backlog>;
  /** An id, in digits, above which there is no event that was committed before. Absent: nobody knows. */
  lastEvent?(signal: AbortSignal): Promise<string>;
  /** The source's clock, as the times of events are: every event that is recorded by now is no younger. Absent: nobody asks. */
  now?(signal: AbortSignal): Promise<string>;
  /** Absent: nothing is set apart here, and what is refused stops its lane. */
  readonly parking?: EventParking;
}
