import { laneOfChanges } from '../../model/changes-plan.ts';
import type { Ledger, PlannedTable } from '../ports/ledger.ts';

const WHOLE = [{ lane: 1, after: null, upto: null }] as const;

export interface TableOfRun {
  readonly table: string;
  /** Absent: the ledger has it under its own name. */
  readonly planned?: PlannedTable;
}

/** @param lanes  of the changes, by their table ids */
async function changedTables(
  ledger: Ledger,
  { transfer, run }: { readonly transfer: string; readonly run: number },
  lanes: readonly string[],
  signal: AbortSignal,
): Promise<readonly TableOfRun[]> {
  const planned = await Promise.all(lanes.map((table) => ledger.readTable(transfer, run, table, signal)));
  return planned
    .flatMap((each) => each?.plan.changes?.tables ?? [])
    .map(({ plan }) => ({
      table: plan.id,
      planned: { plan, generation: 1, ranges: WHOLE, incarnation: '', changeMarker: '' },
    }));
}

/** The tables of a run that can be compared, as the ledger has them. Where only changes are moved none has lanes of its own. */
export async function tablesOfRun(
  ledger: Ledger,
  of: { readonly transfer: string; readonly run: number },
  signal: AbortSignal,
): Promise<readonly TableOfRun[]> {
  const ids = (await ledger.progress(of.transfer, of.run, signal)).map(({ table }) => table);
  const copied = ids.filter((table) => laneOfChanges(table) === null).map((table) => ({ table }));
  return copied.length > 0 ? copied : changedTables(ledger, of, ids, signal);
}
