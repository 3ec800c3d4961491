import type { TableDrift } from '../../model/drift.ts';

interface RunRef {
  readonly transfer: string;
  readonly run: number;
}

/**
 * By tables whose rows a run has copied, in their newest generation: the last event that the copy may have seen. Changes up to it are of
 * a row that the target may have already, or have no more. A table that is not among them is being copied, or nobody noted it.
 */
export type CopiedUpTo = ReadonlyMap<string, string>;

/** What a transaction of the target does about drift, behind the lock of the lane's row: so each batch counts once. */
export interface TargetDrift {
  copied(run: RunRef): Promise<CopiedUpTo>;
  /** Adds to what is counted of the table. */
  add(transfer: string, found: TableDrift): Promise<void>;
}

/** The record of drift beside the ledger. Each method is one transaction. */
export interface DriftRecord {
  copied(run: RunRef, signal: AbortSignal): Promise<CopiedUpTo>;
  /**
   * Of tables whose rows are copied, with the generation that the ledger says so of: what was not noted of it is noted, and counted from
   * none. Idempotent.
   * @param lastEvent  asked behind the copy; no event that was committed before has a higher id
   */
  note(
    run: RunRef,
    copies: readonly { readonly table: string; readonly generation: number }[],
    lastEvent: () => Promise<string>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Tables of which something was counted, by their ids. */
  counts(transfer: string, signal: AbortSignal): Promise<readonly TableDrift[]>;
}
