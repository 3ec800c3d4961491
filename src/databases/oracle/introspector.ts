import type { Introspector } from '../../engine/ports/introspector.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import type { Pool } from './connections/pool.ts';
import type { Session } from './connections/session.ts';
import type { LedgerNames } from './ledger/ledger-sql.ts';
import {
  type CatalogRow,
  catalogRows,
  COLUMNS,
  CONSTRAINTS,
  INDEXES,
  LIST_STATEMENT,
  TABLES,
} from './sql/catalog-queries.ts';
import { SEQUENCES, sequenceIn } from './sql/sequence-sql.ts';
import { describeTable } from './structure/describe-table.ts';

const nameOf = (row: CatalogRow): TableName => ({ schema: row['schema'] ?? '', name: row['table'] ?? '' });

/** Rows of a query by the table they belong to, in their order. */
function byTable(rows: readonly CatalogRow[]): (table: TableName) => readonly CatalogRow[] {
  const groups = new Map<string, CatalogRow[]>();
  for (const row of rows) {
    const id = tableId(nameOf(row));
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(row);
  }
  return (table) => groups.get(tableId(table)) ?? [];
}

const distinct = (names: readonly TableName[]): readonly TableName[] => [
  ...new Map(names.map((name) => [tableId(name), name])).values(),
];

/** The catalog's view of the named tables, in name order; four statements for each 500 of them, and one for sequences. */
export async function describeTables(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly TableSchema[]> {
  if (tables.length === 0) return [];
  const found = await catalogRows(session, TABLES, tables);
  const columns = await catalogRows(session, COLUMNS, tables);
  const columnsOf = byTable(columns);
  const constraintsOf = byTable(await catalogRows(session, CONSTRAINTS, tables));
  const indexesOf = byTable(await catalogRows(session, INDEXES, tables));
  const drawn = columns.flatMap((row) => sequenceIn(row['default'] ?? null) ?? []);
  const sequenceOf = byTable(await catalogRows(session, SEQUENCES, distinct(drawn)));
  return found.map((row) => {
    const table = nameOf(row);
    return describeTable(
      {
        table,
        row,
        columns: columnsOf(table),
        constraints: constraintsOf(table),
        indexes: indexesOf(table),
        sequence: (name) => sequenceOf(name)[0],
      },
      session.facts.charset,
    );
  });
}

export function createIntrospector(pool: Pool, { schema, bare }: LedgerNames): Introspector {
  const [runs = '', ledgerTables = '', lanes = '', parked = '', drift = ''] = bare;
  return {
    listTables: (signal) =>
      pool.use(async (session) => {
        const { rows } = await session.query(LIST_STATEMENT, {
          schema,
          runs,
          tables: ledgerTables,
          lanes,
          parked,
          drift,
        });
        return rows.map(([owner, name, estimate]) => ({
          table: { schema: owner ?? '', name: name ?? '' },
          estimatedRows: estimate === null || estimate === undefined ? null : Number(estimate),
        }));
      }, signal),
    describeTables: (tables, signal) => pool.use((session) => describeTables(session, tables), signal),
  };
}
