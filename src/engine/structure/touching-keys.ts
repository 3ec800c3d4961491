import { type TableName, tableId } from '../../model/table-name.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import type { StandingForeignKey } from '../ports/target-structure.ts';

/** Foreign keys of one table, and of the others to it. */
export function touchingKeys(
  tables: readonly TableSchema[],
  target: TableName,
): readonly StandingForeignKey[] {
  const id = tableId(target);
  return tables.flatMap(({ table, foreignKeys }) =>
    foreignKeys
      .filter(({ references }) => tableId(table) === id || tableId(references) === id)
      .map((key) => ({ table, key })),
  );
}
