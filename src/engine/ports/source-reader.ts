import type { KeyRange } from '../../model/lane.ts';
import type { Position, RowBlock } from '../../model/row-block.ts';
import type { TablePlan } from '../../model/table-plan.ts';

/** Names a consistent state of the source that several connections and processes can read; `''` is never one. */
export type SnapshotRef = string;

/** Keeps a snapshot readable until it is closed. */
export interface HeldSnapshot {
  readonly ref: SnapshotRef;
  /** Only the process that holds it can read in it. */
  readonly boundToProcess?: true;
  /** Still there? A snapshot dies with its connection. @throws SluiceError source.snapshot_lost */
  check(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface ReadOptions {
  /** A block is cut at the first row end at or after these many bytes, or rows. */
  readonly blockBytes: number;
  readonly blockRows: number;
  /** A larger row is refused before it is read, as far as the database tells its length. */
  readonly mostRowBytes: number;
  readonly snapshot: SnapshotRef | null;
  /** No more rows than these are read; absent: all of the range. */
  readonly mostRows?: number;
}

/** Order-independent: count, and sum modulo 2^64 of the first 8 bytes of MD5 of each row's canonical text. */
export interface RangeChecksum {
  readonly rows: bigint;
  readonly sum: bigint;
}

export interface SourceReader {
  /**
   * Cuts a table into ranges of about `rowsPerRange` rows in position order: first and last are open-ended, together
   * they cover every possible key. An empty or small table is one range. Lanes are numbered from 1. Of a query with a key the
   * whole key is looked through.
   * @throws SluiceError source.value_rejected when the key of a query is NULL in a row, or the same in two
   */
  planRanges(
    plan: TablePlan,
    options: { readonly rowsPerRange: number; readonly snapshot: SnapshotRef | null },
    signal: AbortSignal,
  ): Promise<readonly KeyRange[]>;
  /**
   * Rows of a range in position order, after `after` when it is given. Pulls: never reads more than about one block
   * ahead of the consumer. Leaving the loop early frees the connection.
   * @throws SluiceError source.snapshot_lost, source.row_too_large, database.*
   */
  readRange(
    request: { readonly plan: TablePlan; readonly range: KeyRange; readonly after: Position | null },
    options: ReadOptions,
    signal: AbortSignal,
  ): AsyncIterable<RowBlock>;
  /** How many rows of a query with a key have that key; there where a query can be read. */
  rowsAt?(
    plan: TablePlan,
    at: { readonly position: Position; readonly snapshot: SnapshotRef | null },
    signal: AbortSignal,
  ): Promise<bigint>;
  /** Of a range without an end: the target's ledger has the first `blocks` blocks of its newest reading. */
  applied?(lane: number, blocks: number): void;
  /** Of such a range: whether its newest reading came to where there was no more, and was told to end it there. */
  isDrained?(lane: number): boolean;
  /** Of the rows that the plan selects. */
  countRows(plan: TablePlan, signal: AbortSignal): Promise<bigint>;
  /** Over the source's rows of the range (null: the whole table) that the plan selects by condition and number. */
  checksum(plan: TablePlan, range: KeyRange | null, signal: AbortSignal): Promise<RangeChecksum>;
  /** Rows of the source that each column's policy (ColumnPlan.fit) gives another value at the target, as they are now. */
  countAltered?(plan: TablePlan, signal: AbortSignal): Promise<readonly bigint[]>;
  /** Grows or changes with every committed change of the table's rows, as far as the database tells; equal: quiet. */
  changeMarker(plan: TablePlan, signal: AbortSignal): Promise<string>;
  /** @throws SluiceError database.* */
  holdSnapshot(signal: AbortSignal): Promise<HeldSnapshot>;
}
