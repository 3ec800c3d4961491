import type { FittingPolicy, Limits } from '../../model/limits.ts';
import type { LogicalType } from '../../model/logical-type.ts';
import type { ColumnSchema } from '../../model/table-schema.ts';

/** How a database gives a column. */
export interface ColumnReading {
  readonly logical: LogicalType;
  /** SQL on the quoted column that makes the canonical text; the bare quoted column where that is the same. */
  readonly render: string;
  /** Null where the column can be read exactly; otherwise what is lost or refused. */
  readonly note: string | null;
}

/** How a database takes a logical type into a column of a given type. */
export interface ColumnWriting {
  /** See ColumnPlan.load. */
  readonly load: string | null;
  /** SQL on the quoted target column that renders the canonical text of the logical type again. */
  readonly render: string;
  /** The same of values that a policy made to fit; absent: there is no other. */
  readonly renderFitted?: string;
  /** The column has zeros of its own behind the point: `render` is without any, and so is the source when it is compared. */
  readonly dropsZeros?: boolean;
  readonly exact: boolean;
  /** Two values may become one, in silence: of a column that is not exact the others are only refused. */
  readonly merges?: boolean;
  readonly note: string | null;
  /** What the column holds of the logical type; absent: all of it, or nothing that can be said in limits. */
  readonly limits?: Limits;
}

/** A column whose values are made to fit. Its canonical text is what the target then holds. */
export interface ColumnFitting {
  readonly render: string;
  /** SQL condition on the source: the value of this row is another one at the target; null where the reader itself knows. */
  readonly altered: string | null;
}

/** The type contract of one database: design.md section 5, hazards (e). Pure. */
export interface TypeMap {
  /** @returns null where the type cannot be read (the plan refuses the column). */
  reading(column: ColumnSchema): ColumnReading | null;
  /** The reading for a target of the same product: keeps everything. Absent or null where `reading` does that already. */
  identical?(column: ColumnSchema): ColumnReading | null;
  /** The reading of a column that is copied as text, where the text of `reading` does not say all. */
  asText?(column: ColumnSchema): Pick<ColumnReading, 'render'>;
  /** The reading under a policy; null where the policy cannot be kept for these limits. Absent: for none. */
  fit?(request: {
    readonly column: ColumnSchema;
    readonly reading: ColumnReading;
    readonly limits: Limits | null;
    readonly policy: FittingPolicy;
  }): ColumnFitting | null;
  /** SQL for the text of a decimal without zeros at the end of its fraction; absent: see ColumnPlan.dropsZeros. */
  withoutZeros?(render: string): string;
  /** The column type that this database would create for a logical type: exact wherever it has one. */
  propose(logical: LogicalType): string;
  /**
   * @param column  the target's column: name and type, existing or proposed
   * @returns null where the logical type cannot go into such a column at all
   */
  writing(
    logical: LogicalType,
    column: { readonly name: string; readonly type: string },
  ): ColumnWriting | null;
  /** True where binary-rows of this source type can be loaded into this target type without a look. */
  binaryCompatible(source: ColumnSchema, targetType: string): boolean;
  /**
   * By what a key takes texts for the same that differ: names of collations, and `blanks` for those at the end. Absent, or
   * nothing: it tells all apart.
   */
  folds?(column: Pick<ColumnSchema, 'type' | 'collation' | 'nondeterministic'>): readonly string[];
  /** True where keys of this logical type are ordered the same in every database of ours that has the flag. */
  portableOrder(column: ColumnSchema): boolean;
}
