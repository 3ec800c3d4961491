import type { TableName } from './table-name.ts';

/** What a domain adds to the type under it, with its NOT NULL, which is the column's. */
export interface DomainSchema {
  readonly name: string;
  /** `CHECK (…)` of it and of the domains under it. */
  readonly checks: readonly string[];
  readonly default: string | null;
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
  readonly identity: 'always' | 'by-default' | null;
  /** Expression of a generated column, or null. Generated columns are not copied. */
  readonly generated: string | null;
  readonly collation: string | null;
  readonly enumLabels: readonly string[] | null;
  /** The domain that the column is declared of, which `type` is without; absent where it is of none. */
  readonly domain?: DomainSchema | null;
  readonly comment: string | null;
}

export interface KeySchema {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface IndexSchema {
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** The statement that makes it at the source. */
  readonly definition: string;
}

export interface ForeignKeySchema {
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: TableName;
  readonly referencedColumns: readonly string[];
  readonly definition: string;
}

export interface CheckSchema {
  readonly name: string;
  readonly definition: string;
}

/** What introspection finds of one table. */
export interface TableSchema {
  readonly table: TableName;
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
