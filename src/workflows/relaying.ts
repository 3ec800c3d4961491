import type { ReadResult } from '../activities/contract.ts';
import type { Control } from './control.ts';
import { endTable, happen } from './control-state.ts';
import { tableFailed } from './failing.ts';
import type { Move } from './schedule.ts';
import { runSlice, sliceOf } from './slices.ts';

/** One slice of the changes; see TransferActivities.relayChanges. */
export async function relayChanges(
  control: Control,
  { table, drain, key }: Extract<Move, { move: 'relay' }>,
): Promise<void> {
  const slice = { ...sliceOf(control, 'relay', [table]), key };
  happen(table, 'reading');
  const request = { ...control.runKey(), settings: control.settings(), drain };
  const summary = drain ? 'relay changes to where nothing is pending' : 'relay changes';
  const outcome = await runSlice<ReadResult>(control, slice, () =>
    control.queues.source.relayChanges.executeWithOptions({ summary }, [request]),
  );
  if (outcome && 'result' in outcome && outcome.result.why === 'ended') {
    table.endedLanes = table.lanes;
    endTable(table);
    return;
  }
  happen(table, 'interrupted');
  // Blocked meanwhile: that is the reason a person must see.
  if (!outcome || table.status === 'blocked') return;
  if ('error' in outcome) tableFailed(control, table, outcome.error);
  else if (outcome.result.rows > 0) Object.assign(table, { fruitless: 0, error: null });
}
