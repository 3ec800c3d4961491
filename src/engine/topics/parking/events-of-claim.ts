import type { ChangeEvent, ChangeLetter } from '../../../model/change-event.ts';
import { wholeEvents } from '../../changes/parse-events.ts';
import { blockPool } from '../../driver/block-pool.ts';
import type { ChangeCapture, Lease } from '../../ports/change-capture.ts';
import type { TableLookup } from '../table-lookup.ts';

export interface EventsReading {
  readonly changes: Pick<ChangeCapture, 'read'>;
  readonly lease: Lease;
  /** Numbers of the tables whose events go out. */
  readonly wanted: ReadonlySet<number>;
  readonly tables: TableLookup;
  readonly blockBytes: number;
  readonly signal: AbortSignal;
}

/** An event with the id of its table. */
export interface EventOfTable {
  readonly event: ChangeEvent;
  readonly table: string;
  readonly operation: ChangeLetter;
}

/** What is to go out of a claim, in its order. */
export async function eventsOfClaim(
  { changes, lease, wanted, tables, blockBytes, signal }: EventsReading,
  claim: number,
): Promise<readonly EventOfTable[]> {
  const found: EventOfTable[] = [];
  for await (const block of changes.read(lease, { claim, afterId: null, blockBytes }, signal)) {
    const events = [...wholeEvents(block.data)];
    blockPool.give(block.data);
    for (const event of events) {
      if (!wanted.has(event.table)) continue;
      const { id } = tables.get(event.table) ?? (await tables.find(event.table, signal));
      found.push({ event, table: id, operation: event.operation });
    }
  }
  return found;
}
