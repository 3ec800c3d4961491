import type { TablePlan } from '../../model/table-plan.ts';
import type { ForeignKeySchema, TableSchema } from '../../model/table-schema.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Naming } from '../planning/target-names.ts';

/** Kinds that a transfer may leave out, as the configuration calls them. */
const KINDS = ['indexes', 'foreignKeys', 'checks', 'defaults', 'comments'] as const;

/** What a transfer leaves out by wish; said once. */
export const leftOutByWish = (spec: Pick<TransferSpec, 'structure'>): readonly string[] =>
  KINDS.filter((kind) => spec.structure?.[kind] === false);

/** The source's table without what was left out by wish. The primary key and what counts rows are never left out. */
export function wishedStructure(source: TableSchema, spec: Pick<TransferSpec, 'structure'>): TableSchema {
  const { indexes, foreignKeys, checks, defaults, comments } = spec.structure ?? {};
  const counts = (text: string | null): boolean => text?.startsWith('nextval(') === true;
  const columns = source.columns.map((column) => {
    const { neutralDefault: _, ...rest } = column;
    const bare = defaults === false && !counts(column.default) ? { ...rest, default: null } : column;
    return comments === false ? { ...bare, comment: null } : bare;
  });
  return {
    ...source,
    columns,
    indexes: indexes === false ? [] : source.indexes,
    foreignKeys: foreignKeys === false ? [] : source.foreignKeys,
    checks: checks === false ? [] : source.checks,
    comment: comments === false ? null : source.comment,
  };
}

/** The foreign keys whose parents are copied too, in names of the target. */
export function targetForeignKeys(source: TableSchema, naming: Naming): readonly ForeignKeySchema[] {
  return source.foreignKeys.flatMap((key) => {
    const parent = naming.table(key.references);
    if (parent === null) return [];
    const own = (name: string): string => naming.column(source.table, name);
    return [
      {
        ...key,
        columns: key.columns.map(own),
        references: parent,
        referencedColumns: key.referencedColumns.map((name) => naming.column(key.references, name)),
        ...(key.onDeleteColumns && { onDeleteColumns: key.onDeleteColumns.map(own) }),
      },
    ];
  });
}

/** The plan with what is made of the table's structure after the load. */
export const withStructure = (plan: TablePlan, source: TableSchema, naming: Naming): TablePlan => ({
  ...plan,
  structure: source,
  foreignKeys: targetForeignKeys(source, naming),
});
