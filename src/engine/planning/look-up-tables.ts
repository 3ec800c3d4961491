import type { SluiceError } from '../../model/sluice-error.ts';
import type { TableName } from '../../model/table-name.ts';
import { tableId } from '../../model/table-name.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import type { TableSelection, TransferSpec } from '../../model/transfer-spec.ts';
import type { TransferDeps } from './prepare-transfer.ts';
import { selectAtSource } from './select-tables.ts';
import { describeSelected } from './source-query.ts';
import type { TransferTables } from '../structure/keys-in-the-way.ts';
import { createNaming, namingRules, targetName } from './target-names.ts';

/** A chosen table as both databases have it now. */
export interface FoundTable {
  /** Of a query that cannot be read: why. */
  readonly source: TableSchema | SluiceError;
  readonly selection: TableSelection;
  readonly target: TableName;
  /** Null where the target has no such table, or it is replaced whatever it is. */
  readonly existing: TableSchema | null;
  /** What all tables of the transfer are called at the target. */
  readonly tables: TransferTables;
}

/**
 * Some tables of a transfer by their ids, those that are there: the source is listed once and each side described once,
 * however many they are.
 */
export async function lookUpTables(
  { source, target }: Pick<TransferDeps, 'source' | 'target'>,
  spec: TransferSpec,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FoundTable>> {
  const wanted = new Set(ids);
  const all = await selectAtSource(source, spec, signal);
  const chosen = all.filter(({ table }) => wanted.has(tableId(table)));
  const schemas = await describeSelected(source, chosen, signal);
  const rules = namingRules({ source, target }, spec);
  const tables = {
    naming: createNaming(all, rules),
    sources: new Map(all.map((selected) => [tableId(targetName(selected, rules)), selected.table])),
  };
  const goesTo = chosen.map((selected) => targetName(selected, rules));
  const isReplaced = spec.structure?.policy === 'replace';
  const there = isReplaced ? [] : await target.introspector.describeTables(goesTo, signal);
  const existing = new Map(there.map((schema) => [tableId(schema.table), schema]));
  return new Map(
    chosen.flatMap(({ table, selection }, index) => {
      const schema = schemas.get(tableId(table));
      const name = goesTo[index];
      if (!schema || !name) return [];
      const found = {
        source: schema,
        selection,
        target: name,
        existing: existing.get(tableId(name)) ?? null,
        tables,
      };
      return [[tableId(table), found] as const];
    }),
  );
}
