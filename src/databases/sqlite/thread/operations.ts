import type { ClaimLimits } from '../../../engine/ports/change-capture.ts';
import type { LogicalType } from '../../../model/logical-type.ts';
import type { Position } from '../../../model/row-block.ts';
import type { ErrorCode } from '../../../model/error-codes.ts';
import type { ErrorDetails } from '../../../model/sluice-error.ts';
import type { ThreadColumn } from '../values/canonical-text.ts';
import type { StoredValue } from '../values/stored-value.ts';

/** A statement with its values in the order of its question marks. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly StoredValue[];
}

/** Rows to be read; the select list is `columns` and, for row addresses, the rowid behind them. */
export interface ReadProgram {
  readonly table: string;
  readonly side: 'source' | 'target';
  readonly columns: readonly ThreadColumn[];
  /** The first columns, which tell where a row stands; null: the rowid does. */
  readonly keyColumns: number | null;
  /** Select list, one expression a column. */
  readonly expressions: readonly string[];
  readonly from: string;
  readonly rowid: string;
  /** Condition of the plan, or null. */
  readonly where: string | null;
  readonly after: Position | null;
  readonly upto: Position | null;
  /** Only rows whose columns, by their places, have one of these rows of texts. */
  readonly named?: { readonly keys: readonly number[]; readonly names: readonly (readonly string[])[] };
  /** No more rows than these, the first in order; null: all. */
  readonly mostRows: number | null;
  /** A query stands for the table: what its key must be was looked at when its ranges were cut. */
  readonly ofQuery: boolean;
}

/** A column that a query gives; the type is empty where it has none. */
export interface DescribedColumn {
  readonly name: string;
  readonly type: string;
}

export interface BlockLimits {
  readonly blockBytes: number;
  readonly blockRows: number;
  readonly mostRowBytes: number;
}

/** `data` is transferred, never copied. */
export interface ThreadBlock {
  readonly rows: number;
  readonly data: Uint8Array;
  readonly first: Position;
  readonly last: Position;
}

export interface InsertProgram {
  readonly table: string;
  readonly sql: string;
  readonly columns: readonly ThreadColumn[];
  /** Tried first for each row: what it changes needs no more. Its values by their places among the columns; which rows it changes. */
  readonly first?: {
    readonly sql: string;
    readonly places: readonly number[];
    readonly meets: 'there' | 'absent';
  };
}

export interface InsertedRows {
  /** As the database counted them. */
  readonly rows: number;
  /** Those of them that the first statement did. */
  readonly first: number;
}

/** Rows that are told apart: see engine/ports/row-inspector.ts. */
export interface InspectProgram {
  readonly program: ReadProgram;
  readonly keys: readonly number[];
  readonly buckets: number;
}

export interface ThreadBucket {
  readonly bucket: number;
  readonly rows: bigint;
  readonly sum: bigint;
}

/** The next block of a sealed claim: engine/ports/change-capture.ts. */
export interface EventsToRead {
  readonly prefix: string;
  readonly transfer: string;
  readonly lane: bigint;
  readonly claim: bigint;
  /** Null: from the claim's beginning. */
  readonly afterId: bigint | null;
  readonly blockBytes: number;
  /** A longer line is refused. */
  readonly mostRowBytes: number;
  readonly any: ReadonlyMap<number, readonly string[]>;
}

/** `data` is transferred. */
export interface EventBlock {
  readonly rows: number;
  readonly data: Uint8Array;
  /** Ids; null in an empty block. */
  readonly first: string | null;
  readonly last: string | null;
  readonly isEnd: boolean;
}

export interface EventsToMeasure {
  readonly prefix: string;
  readonly tables: readonly number[];
  readonly afterId: bigint;
  readonly limits: ClaimLimits;
}

export interface MeasuredEvents {
  /** The last one that fits; null where there is none. */
  readonly last: bigint | null;
  /** Up to it there are no others of these tables. */
  readonly seen: bigint;
  readonly events: number;
}

/** Events of a table up to an id, and no younger than a time, are needed no more. */
export interface FreeRule {
  readonly table: number;
  readonly uptoId: bigint;
  readonly olderThan: string | null;
}

export interface EventsToFree {
  readonly prefix: string;
  readonly rules: readonly FreeRule[];
  readonly afterId: bigint;
  readonly uptoId: bigint;
}

export interface FreedEvents {
  readonly freed: number;
  /** Where to look on; null: all were looked at. */
  readonly after: bigint | null;
}

/** What a thread can be asked: input and answer of each operation. One at a time, in the order of the calls. */
export interface Operations {
  open: { readonly input: OpenRequest; readonly answer: null };
  query: { readonly input: Statement; readonly answer: StoredValue[][] };
  /** @returns changed rows */
  run: { readonly input: Statement; readonly answer: number };
  /** Several statements in one transaction; rolled back as a whole. */
  transaction: { readonly input: readonly Statement[]; readonly answer: number[] };
  /** Opens a read transaction and keeps it until `closeCursor`. */
  openCursor: { readonly input: ReadProgram; readonly answer: null };
  nextBlock: { readonly input: BlockLimits; readonly answer: ThreadBlock | null };
  closeCursor: { readonly input: null; readonly answer: null };
  /** Last positions of consecutive ranges; the last range, which has none, is left out. */
  cutRanges: {
    readonly input: { readonly program: ReadProgram; readonly rowsPerRange: number };
    readonly answer: Position[];
  };
  /** Columns of a statement that is not run. Null: it is none that only reads. */
  describeQuery: { readonly input: { readonly sql: string }; readonly answer: DescribedColumn[] | null };
  checksum: { readonly input: ReadProgram; readonly answer: { readonly rows: bigint; readonly sum: bigint } };
  /** Per column the rows whose value a policy alters. */
  countAltered: { readonly input: ReadProgram; readonly answer: bigint[] };
  bucketSums: { readonly input: InspectProgram; readonly answer: ThreadBucket[] };
  /** The digest of each row of the chosen buckets, and the cells that name it behind it. */
  rowDigests: {
    readonly input: InspectProgram & { readonly chosen: readonly number[] };
    readonly answer: string[][];
  };
  /** The same of all rows of the program. */
  rowsAt: { readonly input: Omit<InspectProgram, 'buckets'>; readonly answer: string[][] };
  insert: {
    readonly input: { readonly program: InsertProgram; readonly data: Uint8Array };
    readonly answer: InsertedRows;
  };
  /** Copies the whole database, page by page, in one read transaction. */
  copyTo: { readonly input: { readonly path: string }; readonly answer: null };
  /** Null: the claim is gone. */
  readEvents: { readonly input: EventsToRead; readonly answer: EventBlock | null };
  measureEvents: { readonly input: EventsToMeasure; readonly answer: MeasuredEvents };
  freeEvents: { readonly input: EventsToFree; readonly answer: FreedEvents };
  close: { readonly input: null; readonly answer: null };
}

export type OperationName = keyof Operations;

export interface OpenRequest {
  readonly path: string;
  readonly mode: 'read' | 'write' | 'create';
  /** How long a statement waits for a lock of another connection before it gives up. */
  readonly busyTimeoutMs: number;
}

export interface ThreadRequest<K extends OperationName = OperationName> {
  readonly id: number;
  readonly operation: K;
  readonly input: Operations[K]['input'];
}

/** An error as it crosses the thread's border: our own code and a safe message (invariant 1). */
export interface ThreadError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

export type ThreadReply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: ThreadError };

/** Kind of a rowid, the address of a row of a table without a key. */
export const ROW_ADDRESS: LogicalType = { kind: 'int', bits: 64 };
