import type { TableName } from '../../model/table-name.ts';
import type { TableSchema } from '../../model/table-schema.ts';

/** Reads the catalog of a database. System schemas and our own ledger never appear. */
export interface Introspector {
  /** Names of all tables that the user may see, with estimates; cheap for thousands of tables, in name order. */
  listTables(
    signal: AbortSignal,
  ): Promise<readonly { readonly table: TableName; readonly estimatedRows: number | null }[]>;
  /** Whole schemas of the named tables; a table that is not there is left out. One round of queries, not one a table. */
  describeTables(tables: readonly TableName[], signal: AbortSignal): Promise<readonly TableSchema[]>;
}
