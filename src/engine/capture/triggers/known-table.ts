import type { CapturedTableSpec } from '../../../model/capture-spec.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';

/** A table as its triggers were made last. */
export interface DeployedTable<Definitions> {
  readonly number: number;
  readonly table: TableName;
  readonly spec: CapturedTableSpec;
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly definitions: Definitions;
}

/** A table that is or was captured, as an installation has it. */
export interface KnownTableOf<Definitions> extends DeployedTable<Definitions> {
  /** Its triggers were made once, and were not taken away since. */
  readonly isCaptured: boolean;
}

/** From cells: its number, schema, name, and four JSON texts in the order of the fields above. */
export const deployedTable = <Definitions>([number, schema, name, spec, columns, key, definitions]: readonly (
  | string
  | null
)[]): DeployedTable<Definitions> => ({
  number: Number(number),
  table: { schema: schema ?? '', name: name ?? '' },
  spec: JSON.parse(spec ?? '{}') as CapturedTableSpec,
  columns: JSON.parse(columns ?? '[]') as readonly string[],
  primaryKey: JSON.parse(key ?? '[]') as readonly string[],
  definitions: JSON.parse(definitions ?? '{}') as Definitions,
});

/** From the same cells, and whether it is captured as 0 or 1. */
export const knownTable = <Definitions>(cells: readonly (string | null)[]): KnownTableOf<Definitions> => ({
  ...deployedTable<Definitions>(cells),
  isCaptured: cells[7] === '1',
});

export const findKnown = <Known extends { readonly table: TableName }>(
  known: readonly Known[],
  table: TableName,
): Known | undefined => known.find((each) => tableId(each.table) === tableId(table));
