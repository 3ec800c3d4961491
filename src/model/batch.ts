import type { LaneRef } from './lane.ts';
import type { Position, RowEncoding } from './row-block.ts';

/** Sent with the last block of a key range: what the ledger must then hold. */
export interface RangeEnd {
  /** Rows of the whole range, all attempts together. */
  readonly rows: number;
  readonly bytes: number;
}

/**
 * What one block carries through the hub. `n` counts from 1 within an attempt of a lane without a gap.
 * The fingerprint is integrity, never identity: identity is run, table, generation, lane, attempt, epoch and n.
 */
export interface BatchHeader extends LaneRef {
  /** The table's number in the run, which is its subject or topic. */
  readonly ordinal: number;
  readonly attempt: number;
  /** Of the opening that the batch belongs to. */
  readonly epoch: string;
  readonly n: number;
  /** Hash of the table's plan by which the rows were read: they mean nothing under another. */
  readonly plan: string;
  /** `changes`: events of many tables, in the encoding `event-rows`. */
  readonly operation: 'snapshot' | 'changes';
  readonly encoding: RowEncoding;
  readonly rows: number;
  readonly bytes: number;
  /** Positions of the first and last row; null in an empty block, which only ends a range. */
  readonly first: Position | null;
  readonly last: Position | null;
  readonly fingerprint: string;
  readonly end: RangeEnd | null;
}

export interface Batch {
  readonly header: BatchHeader;
  readonly data: Buffer;
}

/** One hub message: the whole batch, or one of the numbered fragments of a batch that is larger than the hub takes. */
export interface BatchPart {
  readonly header: BatchHeader;
  /** From 1 to `parts`. */
  readonly part: number;
  readonly parts: number;
  readonly data: Uint8Array;
}

/**
 * `run.table.generation.lane.attempt.epoch.n.part`: a retry of an unanswered publish keeps it, a replay has another
 * attempt and epoch.
 */
export const messageId = (header: BatchHeader, part: number): string =>
  `${header.run}.${encodeURIComponent(header.table)}.${header.generation}.${header.lane}.${header.attempt}.${header.epoch}.${header.n}.${part}`;
