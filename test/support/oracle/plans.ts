import { computeTablePlan } from '../../../src/engine/planning/compute-table-plan.ts';
import type { Dialect } from '../../../src/engine/ports/dialect.ts';
import type { TablePlan } from '../../../src/model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../../../src/model/table-schema.ts';
import type { ValuePolicy } from '../../../src/model/transfer-spec.ts';
import { standInColumn, standInTable } from '../stand-in-dialect.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly changes?: Partial<ColumnSchema>;
}

export const tableOf = (
  columns: readonly Column[],
  key: readonly string[] | null,
  schema = 'SHOP',
): TableSchema => ({
  ...standInTable(
    'ORDERS',
    columns.map(({ name, type, changes }) =>
      standInColumn(name, type, { nullable: !key?.includes(name), ...changes }),
    ),
    key,
  ),
  table: { schema, name: 'ORDERS' },
});

interface PlanChanges {
  readonly mode?: 'upsert' | 'append' | 'truncate';
  readonly where?: string;
  readonly policies?: Readonly<Record<string, ValuePolicy>>;
  readonly types?: Readonly<Record<string, string>>;
}

/** As the engine plans it. */
export function planOf(
  source: { readonly dialect: Dialect; readonly table: TableSchema },
  target: { readonly dialect: Dialect; readonly table?: TableSchema },
  changes: PlanChanges = {},
): TablePlan {
  return computeTablePlan({
    spec: { source: 'a', hub: 'h', target: 'b', tables: {}, write: { mode: changes.mode ?? 'append' } },
    selection: {
      ...(changes.where === undefined ? {} : { where: changes.where }),
      columns: { policies: changes.policies ?? {}, types: changes.types ?? {} },
    },
    ordinal: 1,
    source,
    target: {
      dialect: target.dialect,
      name: { schema: 'SHOP', name: 'ORDERS' },
      table: target.table ?? null,
    },
  });
}
