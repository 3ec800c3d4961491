import type { TableName } from '../../model/table-name.ts';
import type { TableSchema } from '../../model/table-schema.ts';

/** A query that stands for a table. */
export interface QueryToDescribe {
  readonly table: TableName;
  /** One statement, a SELECT or WITH as far as its first word says, without a semicolon at its end. */
  readonly query: string;
  /** Its columns are never NULL, by what the configuration says; they become the primary key. */
  readonly key: readonly string[];
}

/** Reads the catalog of a database. System schemas and our own ledger never appear. */
export interface Introspector {
  /** Names of all tables that the user may see, with estimates; cheap for thousands of tables, in name order. */
  listTables(
    signal: AbortSignal,
  ): Promise<readonly { readonly table: TableName; readonly estimatedRows: number | null }[]>;
  /** Whole schemas of the named tables; a table that is not there is left out. One round of queries, not one a table. */
  describeTables(tables: readonly TableName[], signal: AbortSignal): Promise<readonly TableSchema[]>;
  /**
   * The columns that a query gives, with their types. Without running it, and in a way that refuses whatever is not one
   * statement that only reads. Absent where queries cannot be read.
   * @throws SluiceError config.invalid with what the server says is wrong with it, as far as that is safe to tell
   */
  describeQuery?(query: QueryToDescribe, signal: AbortSignal): Promise<TableSchema>;
}
