import type { LoadResult } from '../activities/contract.ts';
import type { Control } from './control.ts';
import { endLoad, happen } from './control-state.ts';
import { tableFailed } from './failing.ts';
import type { Move } from './schedule.ts';
import { runSlice, sliceOf } from './slices.ts';

/** One slice of the load of a table; see TransferActivities.loadTable. How far it is stands at the source. */
export async function loadTable(control: Control, { table }: Extract<Move, { move: 'load' }>): Promise<void> {
  const slice = sliceOf(control, 'load', [table]);
  const { generation } = table;
  happen(table, 'reading');
  const request = { ...control.runKey(), settings: control.settings(), table: table.id, generation };
  const summary = `load existing rows of ${table.id}`;
  const outcome = await runSlice<LoadResult>(control, slice, () =>
    control.queues.source.loadTable.executeWithOptions({ summary }, [request]),
  );
  if (table.generation !== generation) return; // a person wants it anew: this slice says nothing of that
  if (outcome && 'result' in outcome && outcome.result.why === 'loaded') {
    Object.assign(table, { rows: outcome.result.rowsOfAll, endedLanes: table.lanes });
    endLoad(table);
    return;
  }
  happen(table, 'interrupted');
  // What blocked it meanwhile is the reason that a person must see.
  if (!outcome || table.status === 'blocked') return;
  if ('error' in outcome) tableFailed(control, table, outcome.error);
  else if (outcome.result.rows > 0)
    Object.assign(table, { fruitless: 0, error: null, rows: outcome.result.rowsOfAll });
}
