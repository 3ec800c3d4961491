import type { ReadResult, TopicsRelayResult } from '../activities/contract.ts';
import type { Control } from './control.ts';
import { endTable, happen, type TableRecord } from './control-state.ts';
import { tableFailed } from './failing.ts';
import type { Move } from './schedule.ts';
import { refuse, runSlice, sliceOf } from './slices.ts';

/** What a slice of changes says, wherever they go. */
interface Relayed {
  readonly ended: boolean;
  readonly events: number;
  readonly bytes: number;
  readonly refusal: TopicsRelayResult['refusal'];
}

const toTarget = ({ why, rows, bytes }: ReadResult): Relayed => ({
  ended: why === 'ended',
  events: rows,
  bytes,
  refusal: null,
});

const toTopics = ({ why, events, bytes, refusal }: TopicsRelayResult): Relayed => ({
  ended: why === 'caught-up',
  events,
  bytes,
  refusal,
});

/** A lane is refused, whichever table's change was the reason. */
function refuseChanges(control: Control, table: TableRecord, { refusal }: Relayed): void {
  if (!refusal) return;
  const of = refusal.table === '' ? '' : `${refusal.table}: `;
  refuse(control, { ...refusal, table: table.id, message: `${of}${refusal.message}` });
}

/** One slice of the changes; see TransferActivities.relayChanges and relayToTopics. */
export async function relayChanges(
  control: Control,
  { table, drain, key }: Extract<Move, { move: 'relay' }>,
): Promise<void> {
  const slice = { ...sliceOf(control, 'relay', [table]), key };
  happen(table, 'reading');
  const request = { ...control.runKey(), settings: control.settings(), drain };
  const { source } = control.queues;
  const isToTopics = control.state.prepared?.changes?.toTopics === true;
  const summary = drain ? 'relay changes to where nothing is pending' : 'relay changes';
  const outcome = await runSlice<Relayed>(control, slice, async () =>
    isToTopics
      ? toTopics(await source.relayToTopics.executeWithOptions({ summary }, [request]))
      : toTarget(await source.relayChanges.executeWithOptions({ summary }, [request])),
  );
  const result = outcome && 'result' in outcome ? outcome.result : null;
  // Without a ledger only the slices know how much it was.
  if (result && isToTopics) {
    table.rows += result.events;
    table.bytes += result.bytes;
  }
  if (result?.ended) {
    table.endedLanes = table.lanes;
    endTable(table);
    return;
  }
  happen(table, 'interrupted');
  // Blocked meanwhile: that is the reason a person must see.
  if (!outcome || table.status === 'blocked') return;
  if ('error' in outcome) tableFailed(control, table, outcome.error);
  else if (outcome.result.events > 0) Object.assign(table, { fruitless: 0, error: null });
  if (result) refuseChanges(control, table, result);
}
