import { isSluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import { type FoundTable, lookUpTables } from '../planning/look-up-tables.ts';
import type { TransferDeps } from '../planning/prepare-transfer.ts';

/** Two tables of a transfer by their ids at the source, of which the one refers to the other. */
export interface TableJoin {
  readonly child: string;
  readonly parent: string;
  /** The target checks it, now. */
  readonly atTarget: boolean;
}

/** What one table refers to; of a partition or an inheriting table also the table that it is part of. */
function joinsOf(
  child: string,
  { source, existing }: FoundTable,
  idOf: ReadonlyMap<string, string>,
): readonly TableJoin[] {
  if (isSluiceError(source)) return [];
  const parents = source.foreignKeys.map(({ references }) => references);
  const ofSource = [...parents, ...(source.parent ? [source.parent] : [])].map((parent) => ({
    child,
    parent: tableId(parent),
    atTarget: false,
  }));
  const ofTarget = (existing?.foreignKeys ?? []).flatMap(({ references }) => {
    const parent = idOf.get(tableId(references));
    return parent === undefined ? [] : [{ child, parent, atTarget: true }];
  });
  return [...ofTarget, ...ofSource];
}

/** Which tables of a transfer refer to each other, at the source or, where they are there already, at the target. */
export async function findJoins(
  deps: Pick<TransferDeps, 'source' | 'target'>,
  spec: TransferSpec,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<readonly TableJoin[]> {
  const found = await lookUpTables(deps, spec, tables, signal);
  const idOf = new Map([...found].map(([id, { target }]) => [tableId(target), id]));
  return [...found]
    .flatMap(([id, table]) => joinsOf(id, table, idOf))
    .filter(({ child, parent }) => child !== parent);
}
