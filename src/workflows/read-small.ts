import type { SmallTablesResult } from '../activities/contract.ts';
import type { Control } from './control.ts';
import { happen, type TableRecord } from './control-state.ts';
import { tableFailed } from './failing.ts';
import { named, refuse, runSlice, sliceOf } from './slices.ts';

/** Reads small tables in one slice; see TransferActivities.readSmallTables. */
export async function readSmall(control: Control, tables: readonly TableRecord[]): Promise<void> {
  const slice = { ...sliceOf(control, 'read', tables), readers: 1 };
  const generations = new Map(tables.map(({ id, generation }) => [id, generation]));
  for (const table of tables) happen(table, 'reading');
  const request = { ...control.runKey(), tables: slice.tables, settings: control.settings() };
  const outcome = await runSlice<SmallTablesResult>(control, slice, () =>
    control
      .sourceIn(null)
      .readSmallTables.executeWithOptions({ summary: `read ${named(tables)}` }, [request]),
  );
  // One that a person wanted anew meanwhile: this slice says nothing of it.
  const mine = tables.filter(({ id, generation }) => generation === generations.get(id));
  for (const table of mine) {
    const isEnded = outcome && 'result' in outcome && outcome.result.ended.includes(table.id);
    if (isEnded) table.endedLanes = table.lanes;
    happen(table, isEnded ? 'ended' : 'interrupted');
  }
  if (!outcome) return;
  if ('result' in outcome) {
    for (const refusal of outcome.result.refused)
      if (generations.has(refusal.table)) refuse(control, refusal);
    return;
  }
  const { error } = outcome;
  // Named, it is that table's error; otherwise it is the database's or the hub's, and all of them wait.
  const failed = mine.filter(({ id, status }) => status === 'ready' && (error.table ?? id) === id);
  for (const table of failed) tableFailed(control, table, error);
}
