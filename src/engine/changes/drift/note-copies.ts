import { changesId } from '../../../model/changes-plan.ts';
import type { TransferSpec } from '../../../model/transfer-spec.ts';
import { movesRows } from '../../planning/changes-of-transfer.ts';
import type { ChangeCapture } from '../../ports/change-capture.ts';
import type { Database } from '../../ports/dialect.ts';

interface Lane {
  readonly transfer: string;
  readonly run: number;
  readonly spec: TransferSpec;
  readonly lane: number;
}

/**
 * Notes of the tables of a lane whose rows are copied, once a copy, up to which event it may have seen: what comes later finds the target
 * as the changes before it have made it. To be called before the lane is read, which is behind the copies of its tables.
 *
 * The ledger says of a copy that all of it is there; the event is asked for behind that. One that comes too late, with an older copy,
 * changes nothing.
 */
export async function noteCopies(
  {
    target,
    changes,
  }: {
    readonly target: Pick<Database, 'ledger'> & Partial<Pick<Database, 'drift'>>;
    readonly changes: ChangeCapture;
  },
  { transfer, run, spec, lane }: Lane,
  signal: AbortSignal,
): Promise<void> {
  const { drift, ledger } = target;
  if (!drift || !changes.lastEvent || !movesRows(spec)) return;
  const planned = await ledger.readTable(transfer, run, changesId(lane), signal);
  const own = new Set(planned?.plan.changes?.tables.map(({ plan: { id } }) => id));
  const tables = await ledger.progress(transfer, run, signal);
  const copied = tables.filter(
    ({ table, lanes, endedLanes }) => own.has(table) && lanes > 0 && endedLanes === lanes,
  );
  const lastEvent = async (): Promise<string> => (await changes.lastEvent?.(signal)) ?? '0';
  await drift.note({ transfer, run }, copied, lastEvent, signal);
}
