import { SluiceError } from '../../../model/sluice-error.ts';
import { tableId } from '../../../model/table-name.ts';
import type { InitSpec } from '../../../model/topics-spec.ts';
import type { SelectedTable } from '../../planning/select-tables.ts';
import type { Database } from '../../ports/dialect.ts';
import type { InitialLoad, LoadOrder, LoadProgress, WantedLoad } from '../../ports/initial-load.ts';
import type { CapturedTable } from '../../ports/trigger-manager.ts';

/** Tables whose existing rows a transfer sends, as they are selected and captured. */
export interface TablesToLoad {
  readonly transfer: string;
  readonly tables: readonly { readonly selected: SelectedTable; readonly captured: CapturedTable }[];
  /** As the source has it; of tables that are not there nothing was loaded yet. */
  readonly progress: readonly LoadProgress[];
}

const orderOf = ({ order = [] }: InitSpec): readonly LoadOrder[] =>
  order.map((each) => (typeof each === 'string' ? { column: each, descending: false } : each));

/**
 * What is to be loaded of each table, in the order given, by the generation that the source has or the first one.
 * @throws SluiceError source.table_not_found
 */
export async function wantedLoads(
  source: Pick<Database, 'introspector'>,
  { transfer, tables, progress }: TablesToLoad,
  signal: AbortSignal,
): Promise<readonly WantedLoad[]> {
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

/** Whatever cannot be loaded is told before anything begins. @throws SluiceError as InitialLoad.check */
export async function checkLoads(
  loads: InitialLoad,
  wanted: readonly WantedLoad[],
  signal: AbortSignal,
): Promise<void> {
  for (const each of wanted) await loads.check(each, signal);
}
