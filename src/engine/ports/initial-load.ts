import type { TableSchema } from '../../model/table-schema.ts';
import type { CapturedTable } from './trigger-manager.ts';

/** A column by which rows are put in order. */
export interface LoadOrder {
  readonly column: string;
  readonly descending: boolean;
}

/** The existing rows of a captured table that a transfer wants to have as events. */
export interface WantedLoad {
  readonly transfer: string;
  /** From 1; a higher one begins at the first row again. */
  readonly generation: number;
  readonly captured: CapturedTable;
  /** As the source has it now. */
  readonly table: TableSchema;
  /** SQL condition of rows that are wanted, beside that of the capture; null: all. */
  readonly where: string | null;
  /** Behind these the primary key; none: by it alone. */
  readonly order: readonly LoadOrder[];
}

/** How far a load is, as the source has it. */
export interface LoadState {
  readonly generation: number;
  /** Events that were written. */
  readonly rows: number;
  readonly isDone: boolean;
}

export interface LoadProgress extends LoadState {
  /** Number of the captured table. */
  readonly table: number;
}

/**
 * What became of one chunk. `more`: it is written; `done`: that was the last one, now or before; `held`: others are changing rows of it, so
 * nothing was written; `superseded`: the load was begun anew, or its transfer forgotten.
 */
export interface LoadedChunk {
  readonly state: 'more' | 'done' | 'held' | 'superseded';
  /** Events of this chunk. */
  readonly rows: number;
  /** How long others had to wait for its rows, at most; absent: as long as the call took. */
  readonly tookMs?: number;
}

/** One load that was made ready. */
export interface TableLoad {
  /**
   * Writes the next rows as events, each while nobody can change its row, so that for every key ids are the order of its states; how
   * far the load is stands in the same transaction. Hence each row that was there when the load began, and is not deleted before its turn, is
   * written once, whatever dies and however many do this at once. Never waits for a row that others hold, and so is part of no
   * deadlock; others wait for its rows until the transaction ends.
   * @param rows  of the table to look at, at most about
   * @throws SluiceError capture.table_unsupported where the condition fails on a row, database.permission_denied with the GRANT
   */
  next(rows: number, signal: AbortSignal): Promise<LoadedChunk>;
}

/**
 * Puts existing rows of captured tables as events of the operation `i` into the staging table, from where they go the way of all events.
 * Their payloads and keys are those that the triggers would record. Every transfer whose lanes have the table sees them.
 */
export interface InitialLoad {
  /**
   * Changes nothing. @throws SluiceError capture.condition_invalid, capture.key_needed, config.invalid for a condition, key or order by
   *   which the rows cannot be loaded
   */
  check(wanted: WantedLoad, signal: AbortSignal): Promise<void>;
  /**
   * Makes the load known, or finds how far it is. One with another condition or order that is not done begins at the first row again.
   * The transfer must be registered before, so that what changes from now on is recorded for it.
   * @throws SluiceError as check; capture.not_installed
   */
  open(wanted: WantedLoad, signal: AbortSignal): Promise<TableLoad>;
  /** Of a transfer; none where nothing was opened. */
  progress(transfer: string, signal: AbortSignal): Promise<readonly LoadProgress[]>;
}
