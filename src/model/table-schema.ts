import type { Expression, SqlExpression } from './expression.ts';
import type { TableName } from './table-name.ts';

/** What a domain adds to the type under it, with its NOT NULL, which is the column's. */
export interface DomainSchema {
  readonly name: string;
  /** `CHECK (…)` of it and of the domains under it. */
  readonly checks: readonly string[];
  readonly default: string | null;
}

/** What a column draws its numbers from; numbers as decimal text. */
export interface SequenceSchema {
  readonly name: TableName;
  /** It belongs to the column, as of an identity; else others may draw from it too. */
  readonly owned: boolean;
  readonly type: string;
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly cache: string;
  readonly cycle: boolean;
}

export interface ColumnSchema {
  readonly name: string;
  /** The exact type as the database prints it, with parameters: `numeric(12,2)`, `timestamp(3) with time zone`. */
  readonly type: string;
  /** Type without parameters and domain: `numeric`; for arrays the element's name and `[]`. */
  readonly baseType: string;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly maxChars: number | null;
  readonly nullable: boolean;
  /** SQL text of the default, or null. */
  readonly default: string | null;
  /** The default as another database could say it; absent where there is none or nobody else could. */
  readonly neutralDefault?: Expression;
  readonly identity: 'always' | 'by-default' | null;
  /** The moment that MySQL puts in whenever the row changes, in its words; absent: it does not. */
  readonly onUpdate?: string;
  /** Absent where the product has none. */
  readonly sequence?: SequenceSchema;
  /** Expression of a generated column, or null. Generated columns are not copied. */
  readonly generated: string | null;
  /** The same for the expression of a generated column. */
  readonly neutralGenerated?: Expression;
  readonly collation: string | null;
  /** The one that the column itself declares, as its product writes it; absent: its type's or its database's, or not told. */
  readonly ownCollation?: string;
  /** The collation takes texts for the same whose bytes differ (PostgreSQL 12 and later); absent: it has no such. */
  readonly nondeterministic?: boolean;
  readonly enumLabels: readonly string[] | null;
  /** The domain that the column is declared of, which `type` is without; absent where it is of none. */
  readonly domain?: DomainSchema | null;
  readonly comment: string | null;
}

export interface KeySchema {
  readonly name: string;
  readonly columns: readonly string[];
}

/** What an index orders by: a column, or an expression. */
export interface IndexPart {
  /** Null where it is an expression. */
  readonly column: string | null;
  readonly expression: SqlExpression | null;
  readonly descending: boolean;
  /** Where NULLs stand against the product's own order; null: as the product does by itself. */
  readonly nulls: 'first' | 'last' | null;
  /** Another one than the column's. */
  readonly collation: string | null;
  /** Only so many characters (bytes) of the column are in the index. */
  readonly prefix: number | null;
  /** How values are compared (PostgreSQL's operator class), where it is not the type's own way. */
  readonly operators: string | null;
}

export interface IndexSchema {
  readonly name: string;
  /** Names of the columns among its parts. */
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly parts: readonly IndexPart[];
  /** Columns that are stored in it and not ordered by. */
  readonly included: readonly string[];
  /** Only rows for which it is true are in the index. */
  readonly condition: SqlExpression | null;
  /** `btree`, `hash`, `gin`, `fulltext`, …: only trees can be made elsewhere. */
  readonly method: string;
  /** Two NULLs are two values in a unique index. */
  readonly nullsDistinct: boolean;
  /** It belongs to a UNIQUE constraint: that one's definition. */
  readonly constraint: string | null;
  /** False: it is broken and must be built again (PostgreSQL after a failed CREATE INDEX CONCURRENTLY). */
  readonly valid: boolean;
  /** The statement that makes it at the source. */
  readonly definition: string;
  /** Of `definition` what stands behind the name of the table; null where the product has no such part. */
  readonly body: string | null;
}

export const FOREIGN_KEY_ACTIONS = ['no action', 'restrict', 'cascade', 'set null', 'set default'] as const;
export type ForeignKeyAction = (typeof FOREIGN_KEY_ACTIONS)[number];

export interface ForeignKeySchema {
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: TableName;
  /** Empty: the primary key of the parent (SQLite). */
  readonly referencedColumns: readonly string[];
  readonly onUpdate: ForeignKeyAction;
  readonly onDelete: ForeignKeyAction;
  /** Only these of its columns are set when the parent goes (PostgreSQL 15); absent: all. */
  readonly onDeleteColumns?: readonly string[];
  /** `full`: either all columns are NULL or none. */
  readonly match: 'simple' | 'full';
  /** When it is checked: at once, or at once unless a transaction says otherwise, or at its end. */
  readonly checked: 'at-once' | 'deferrable' | 'deferred';
  /** False: PostgreSQL's NOT VALID, rows that were there before were never checked. */
  readonly valid: boolean;
  /** The statement part behind `ADD CONSTRAINT name`, in names of the source. */
  readonly definition: string;
}

export interface CheckSchema {
  readonly name: string;
  /** As the product writes it behind the constraint's name: `CHECK (…)`, or PostgreSQL's `EXCLUDE …`. */
  readonly definition: string;
  /** Its condition; null where it is no CHECK. */
  readonly expression: SqlExpression | null;
}

/** What introspection finds of one table. */
export interface TableSchema {
  readonly table: TableName;
  /** Name of the dialect that described it: its definitions are in the words of that one. */
  readonly product: string;
  readonly kind: 'table' | 'partitioned' | 'partition' | 'inheritance-child';
  /** The parent of a partition or inheritance child. */
  readonly parent: TableName | null;
  readonly columns: readonly ColumnSchema[];
  readonly primaryKey: KeySchema | null;
  /** Unique keys other than the primary key whose columns are all not null, plain and without a condition. */
  readonly uniqueKeys: readonly KeySchema[];
  readonly indexes: readonly IndexSchema[];
  readonly foreignKeys: readonly ForeignKeySchema[];
  readonly checks: readonly CheckSchema[];
  readonly comment: string | null;
  /** The planner's estimates; null where the database has none. */
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
}
