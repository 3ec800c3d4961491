import type { ChangesPlan } from './changes-plan.ts';
import type { Limits } from './limits.ts';
import type { LogicalType } from './logical-type.ts';
import type { RowEncoding } from './row-block.ts';
import type { TableName } from './table-name.ts';
import type { ForeignKeySchema, TableSchema } from './table-schema.ts';
import type { ValuePolicy } from './transfer-spec.ts';

/** How one column travels. SQL texts name the column quoted, as `t."name"` is not used: statements have one table. */
export interface ColumnPlan {
  readonly source: string;
  readonly target: string;
  readonly sourceType: string;
  readonly targetType: string;
  readonly logical: LogicalType;
  /** Source SQL that makes the canonical text; the bare column where its own text form is canonical, or for binary-rows. */
  readonly select: string;
  /**
   * Target SQL that makes the value from the canonical text, with `$value` in the place of the text expression;
   * null where the bulk loader itself parses the canonical text.
   */
  readonly load: string | null;
  /** SQL that renders the canonical text at the source and at the target: what verification compares. */
  readonly renderSource: string;
  readonly renderTarget: string;
  readonly nullable: boolean;
  /** False where a value of the source type can change or be refused; `note` says why. */
  readonly exact: boolean;
  readonly note: string | null;
  /** What becomes of a value that the target cannot hold; absent in plans of older versions: `error`. */
  readonly policy?: ValuePolicy;
  /** For a source that makes the texts itself: of a decimal without zeros at the end, as `renderTarget` is. */
  readonly dropsZeros?: boolean;
  /** With the policies `null` and `clamp`: what the values are made to fit, and which rows of the source are altered. */
  readonly fit?: { readonly limits: Limits | null; readonly altered: string | null };
}

/** By what the rows of a table are put in order and cut into ranges. */
export interface PositionPlan {
  /**
   * `key`: the columns of a primary or unique key. `row-address`: ctid or rowid, for tables without one; of a query without a
   * key, whatever its database has in place of them within one snapshot.
   */
  readonly kind: 'key' | 'row-address';
  /** For `key`: source column names in key order. They are the first columns of the plan. */
  readonly columns: readonly string[];
  /** Source SQL type of each column, to cast a position's text back: `bigint`, `text`, `tid`. */
  readonly types: readonly string[];
  /** True when the target orders this key as the source does (numbers, uuid, bytes, binary text). */
  readonly sameOrder: boolean;
  /** True when positions are valid only inside one exported snapshot (ctid). */
  readonly needsSnapshot: boolean;
}

export type WriteMode = 'fail-if-not-empty' | 'append' | 'truncate' | 'upsert';

/** Everything that readers and writers must know of a table: written once into the ledger when the table is planned. */
export interface TablePlan {
  readonly id: string;
  readonly ordinal: number;
  readonly source: TableName;
  readonly target: TableName;
  readonly encoding: RowEncoding;
  /** In wire order: position columns first. */
  readonly columns: readonly ColumnPlan[];
  readonly position: PositionPlan;
  /** Target column names of the key that upsert matches; empty where the table has none. */
  readonly targetKey: readonly string[];
  /** SQL condition on the source, or null. */
  readonly where: string | null;
  /** The SELECT that stands for the source table: one statement, without a semicolon at its end. */
  readonly query?: string;
  /** Only the first rows in position order are copied; the plan has one range then. */
  readonly mostRows?: number;
  readonly writeMode: WriteMode;
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
  /** The source's table as it was planned, without what was left out by wish: what is made of it after the load. */
  readonly structure?: TableSchema;
  /** Its primary key is made once its rows are there, where the target has none; absent: with the table. */
  readonly keyAfterRows?: true;
  /** Of its foreign keys those whose parents are copied too, in names of the target; the `definition` is the source's. */
  readonly foreignKeys?: readonly ForeignKeySchema[];
  /** Foreign keys of the target, of this table or to it, that its planning dropped: none of them may stay away. */
  readonly droppedKeys?: readonly { readonly table: TableName; readonly key: ForeignKeySchema }[];
  /** Of a lane of changes only (changesId): what its events mean. It has no columns of its own. */
  readonly changes?: ChangesPlan;
}
