import type { CapturedTableSpec } from '../../../model/capture-spec.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';

/** A table that is or was captured, as an installation has it. */
export interface KnownTableOf<Definitions> {
  readonly number: number;
  readonly table: TableName;
  readonly spec: CapturedTableSpec;
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly definitions: Definitions;
  /** Its triggers were made once, and were not taken away since. */
  readonly isCaptured: boolean;
}

/** From cells: its number, schema, name, four JSON texts in the order of the fields above, and whether it is captured as 0 or 1. */
export const knownTable = <Definitions>([
  number,
  schema,
  name,
  spec,
  columns,
  key,
  definitions,
  isCaptured,
]: readonly (string | null)[]): KnownTableOf<Definitions> => ({
  number: Number(number),
  table: { schema: schema ?? '', name: name ?? '' },
  spec: JSON.parse(spec ?? '{}') as CapturedTableSpec,
  columns: JSON.parse(columns ?? '[]') as readonly string[],
  primaryKey: JSON.parse(key ?? '[]') as readonly string[],
  definitions: JSON.parse(definitions ?? '{}') as Definitions,
  isCaptured: isCaptured === '1',
});

export const findKnown = <Known extends { readonly table: TableName }>(
  known: readonly Known[],
  table: TableName,
): Known | undefined => known.find((each) => tableId(each.table) === tableId(table));
