import { SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { InitSpec } from '../../../model/topics-spec.ts';
import type { Capture } from '../../planning/changes-of-transfer.ts';
import type { SelectedTable } from '../../planning/select-tables.ts';
import type { Database } from '../../ports/dialect.ts';
import type { InitialLoad, LoadOrder, LoadProgress, WantedLoad } from '../../ports/initial-load.ts';
import type { CapturedTable } from '../../ports/trigger-manager.ts';

/** A table of a transfer as it is selected and captured. */
export interface TableToLoad {
  readonly selected: SelectedTable;
  readonly captured: CapturedTable;
}

/** @throws SluiceError capture.table_unsupported where the database cannot make events of existing rows */
export function loadsOf({ loads }: Capture, source: Pick<Database, 'dialect'>): InitialLoad {
  if (loads) return loads;
  throw new SluiceError(
    'capture.table_unsupported',
    `existing rows of ${source.dialect.name} cannot be sent to topics yet`,
    { suggestion: 'mode: changes' },
  );
}

const orderOf = ({ order = [] }: InitSpec): readonly LoadOrder[] =>
  order.map((each) => (typeof each === 'string' ? { column: each, descending: false } : each));

/**
 * What is to be loaded of each table, in the order given, by the generation that the source has or the first one.
 * @throws SluiceError source.table_not_found
 */
export async function wantedLoads(
  source: Pick<Database, 'introspector'>,
  request: {
    readonly transfer: string;
    readonly tables: readonly TableToLoad[];
    readonly progress: readonly LoadProgress[];
  },
  signal: AbortSignal,
): Promise<readonly WantedLoad[]> {
  const { transfer, tables, progress } = request;
  const names = tables.map(({ selected }) => selected.table);
  const found = new Map(
    (await source.introspector.describeTables(names, signal)).map((table) => [tableId(table.table), table]),
  );
  return tables.map(({ selected: { table: name, selection }, captured }) => {
    const table = found.get(tableId(name));
    if (table === undefined)
      throw new SluiceError('source.table_not_found', `the source has no table ${tableId(name)}`, {
        table: tableId(name),
      });
    const { init = {} } = selection;
    const generation = progress.find((each) => each.table === captured.number)?.generation ?? 1;
    return { transfer, generation, captured, table, where: init.where ?? null, order: orderOf(init) };
  });
}
