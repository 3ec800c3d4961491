import type { KeyRange } from '../../model/lane.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { RangeChecksum } from './source-reader.ts';

/** Rows of one side of a table, dealt into buckets by their names: the same row is in the same bucket on both sides. */
export interface BucketRequest {
  readonly plan: TablePlan;
  readonly side: 'source' | 'target';
  /** Null: the whole table. A range is only given where plan.position.sameOrder. */
  readonly range: KeyRange | null;
  /** Places in plan.columns of what names a row; none: the row is its own name. */
  readonly keys: readonly number[];
  /**
   * A power of two up to 2^16. A row's bucket is the first 4 bytes of the MD5 of its name, modulo this; a name is hashed
   * as a row is for a checksum (docs/reference/checksum.md).
   */
  readonly buckets: number;
}

export interface BucketSum extends RangeChecksum {
  readonly bucket: number;
}

/** A row's name, which is data and leaves the process nowhere but to whoever asked, and the MD5 of the row. */
export interface RowDigest {
  readonly key: readonly string[];
  readonly digest: string;
}

/** Rows of one side that are looked at by their names. */
export interface NamedRows extends Pick<BucketRequest, 'plan' | 'side' | 'keys'> {
  /** Canonical texts of what `keys` says, of each row; none is NULL. */
  readonly names: readonly (readonly string[])[];
}

/** Tells rows apart where two sides differ. The order of keys does not matter, so that any two databases can be compared. */
export interface RowInspector {
  /** Checksums of the buckets that have rows, in no order. @throws SluiceError database.* */
  bucketSums(request: BucketRequest, signal: AbortSignal): Promise<readonly BucketSum[]>;
  /** The rows of the chosen buckets, in no order, all at once: the caller chooses few enough. */
  rowDigests(
    request: BucketRequest & { readonly chosen: readonly number[] },
    signal: AbortSignal,
  ): Promise<readonly RowDigest[]>;
  /**
   * The rows of these names, found by the index of the key; those that are not there are left out. Rows of other names may be among
   * them, where a server takes names for the same. Absent: they are found by their buckets.
   */
  rowsAt?(request: NamedRows, signal: AbortSignal): Promise<readonly RowDigest[]>;
}
