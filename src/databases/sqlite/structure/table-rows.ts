import type { CatalogRow } from './catalog-queries.ts';

/** Rows of the catalog queries for one table. */
export interface TableRows {
  readonly table: CatalogRow;
  readonly columns: readonly CatalogRow[];
  readonly indexes: readonly CatalogRow[];
  readonly indexColumns: readonly CatalogRow[];
  readonly foreignKeys: readonly CatalogRow[];
  readonly estimatedRows: number | null;
  /** `UTF-8`, or a UTF-16 whose byte order is not the order of the characters elsewhere. */
  readonly encoding: string;
}

/** The keys of an index in their order. */
export const columnsOfIndex = (rows: TableRows, index: string): CatalogRow[] =>
  rows.indexColumns.filter((column) => column['index'] === index);
