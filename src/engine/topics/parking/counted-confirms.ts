import { type EventCount, type Lag, MINUTE_MS } from '../../../model/change-statistics.ts';
import { lagMsOf } from '../../capture/backlogs.ts';
import type { Clock } from '../../clock.ts';
import type { ChangeCapture, Lease } from '../../ports/change-capture.ts';
import type { EventParking } from '../../ports/event-parking.ts';

/** Counts what is written, claim by claim, so that each confirmation says what it confirms. */
export interface CountedConfirms {
  /** The claim is in. */
  wrote(claim: number, events: readonly Pick<EventCount, 'table' | 'operation'>[]): void;
  /** In the place of the capture's own confirmations. */
  readonly changes: ChangeCapture;
}

const keyOf = ({ table, operation }: Pick<EventCount, 'table' | 'operation'>): string =>
  `${operation} ${table}`;

function addTo(counts: Map<string, EventCount>, { table, operation, events }: EventCount): void {
  const key = keyOf({ table, operation });
  counts.set(key, { table, operation, events: (counts.get(key)?.events ?? 0) + events });
}

async function lagOf(changes: ChangeCapture, transfer: string, signal: AbortSignal): Promise<Lag> {
  const backlog = await changes.backlog(transfer, signal);
  return { events: backlog.events, seconds: lagMsOf(backlog, Date.now()) / 1000 };
}

export function countConfirms(
  changes: ChangeCapture,
  parking: EventParking,
  { clock }: { readonly clock: Clock },
): CountedConfirms {
  const written = new Map<number, ReadonlyMap<string, EventCount>>();
  let laggedMs = Number.NEGATIVE_INFINITY;

  const take = (upto: number): readonly EventCount[] => {
    const sum = new Map<string, EventCount>();
    for (const [claim, counts] of written) {
      if (claim > upto) continue;
      written.delete(claim);
      for (const count of counts.values()) addTo(sum, count);
    }
    return [...sum.values()];
  };

  const confirm = async (lease: Lease, claim: number, signal: AbortSignal): Promise<void> => {
    const isMinute = clock.now() - laggedMs >= MINUTE_MS;
    const lag = isMinute ? await lagOf(changes, lease.transfer, signal) : null;
    if (isMinute) laggedMs = clock.now();
    await parking.confirm(lease, { claim, moved: take(claim), lag }, signal);
  };
  return {
    wrote(claim, events) {
      const counts = new Map<string, EventCount>();
      // Those that follow each other are mostly of one table and operation: nothing is looked for.
      let run = { table: '', operation: '', events: 0 };
      for (const { table, operation } of events) {
        if (table !== run.table || operation !== run.operation) {
          if (run.events > 0) addTo(counts, run);
          run = { table, operation, events: 0 };
        }
        run.events += 1;
      }
      if (run.events > 0) addTo(counts, run);
      written.set(claim, counts);
    },
    changes: { ...changes, confirm },
  };
}
