import type { RelayedLane, RelayResult } from '../activities/contract.ts';
import { laneOfChanges } from '../model/changes-plan.ts';
import type { Control } from './control.ts';
import { endTable, happen, type TableRecord } from './control-state.ts';
import { tableFailed } from './failing.ts';
import { isChanges } from './relay-moves.ts';
import type { Move } from './schedule.ts';
import { refuse, runSlice, sliceOf } from './slices.ts';

/** What a slice said in older histories, of the one lane that there was. */
interface OlderResult {
  readonly why: string;
  readonly rows?: number;
  readonly events?: number;
  readonly bytes: number;
  readonly refusal?: RelayedLane['refusal'];
}

const lanesOf = (result: RelayResult | OlderResult): readonly RelayedLane[] => {
  if ('lanes' in result) return result.lanes;
  const { why, rows = 0, events = rows, bytes, refusal = null } = result;
  return [{ lane: 1, ended: why === 'ended' || why === 'caught-up', events, bytes, refusal }];
};

const laneOf = ({ id }: TableRecord): number => laneOfChanges(id) ?? 1;

/** What one lane makes of what its slice said, if it said anything. */
function settle(
  control: Control,
  table: TableRecord,
  { lane, error }: { readonly lane: RelayedLane | undefined; readonly error: TableRecord['error'] },
): void {
  if (lane?.ended) {
    table.endedLanes = table.lanes;
    endTable(table);
    return;
  }
  happen(table, 'interrupted');
  // Blocked meanwhile: that is the reason a person must see.
  if (table.status === 'blocked') return;
  if (error) tableFailed(control, table, error);
  if (lane && lane.events > 0) Object.assign(table, { fruitless: 0, error: null });
  // A lane is refused, whichever table's change was the reason.
  if (lane?.refusal) refuse(control, { ...lane.refusal, table: table.id });
}

/** One slice of some lanes of the changes; see TransferActivities.relayChanges and relayToTopics. */
export async function relayChanges(
  control: Control,
  { tables, drain, key }: Extract<Move, { move: 'relay' }>,
): Promise<void> {
  const slice = { ...sliceOf(control, 'relay', tables), key };
  for (const table of tables) happen(table, 'reading');
  const lanes = tables.map(laneOf);
  const lanesOfAll = control.state.tables.filter(isChanges).length;
  const isToTopics = control.state.prepared?.changes?.toTopics === true;
  const anew = isToTopics ? tables.filter(({ generation }) => generation > 1).map(laneOf) : [];
  const request = {
    ...control.runKey(),
    settings: control.settings(),
    drain,
    lanes,
    lanesOfAll,
    ...(anew.length > 0 && { anew }),
  };
  const { source } = control.queues;
  const what = lanes.length === 1 ? 'changes' : `${lanes.length} lanes of changes`;
  const summary = drain ? `relay ${what} to where nothing is pending` : `relay ${what}`;
  const outcome = await runSlice<RelayResult | OlderResult>(control, slice, () =>
    isToTopics
      ? source.relayToTopics.executeWithOptions({ summary }, [request])
      : source.relayChanges.executeWithOptions({ summary }, [request]),
  );
  const told = outcome && 'result' in outcome ? lanesOf(outcome.result) : [];
  const error = outcome && 'error' in outcome ? outcome.error : null;
  for (const table of tables) {
    const lane = told.find((each) => each.lane === laneOf(table));
    // Without a ledger only the slices know how much it was.
    if (lane && isToTopics) {
      table.rows += lane.events;
      table.bytes += lane.bytes;
      // The wish is carried out: where topics and source part once more, a person must want it once more.
      if (anew.includes(lane.lane) && lane.refusal === null) table.generation = 1;
    }
    settle(control, table, { lane, error });
  }
}
