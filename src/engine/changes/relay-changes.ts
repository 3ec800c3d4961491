import { changesId } from '../../model/changes-plan.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import { systemClock } from '../clock.ts';
import type { ChangeCapture } from '../ports/change-capture.ts';
import type { TriggerManager } from '../ports/trigger-manager.ts';
import type { SourceReader } from '../ports/source-reader.ts';
import { type ReadDeps, readAndPublish, type ReadRequest } from '../reading/read-and-publish.ts';
import type { ReadResult, SliceControl } from '../slice.ts';
import { noteCopies } from './drift/note-copies.ts';
import { createClaimReader } from './claim-reader.ts';

export interface RelayDeps extends Omit<ReadDeps, 'source'> {
  readonly changes: ChangeCapture;
  readonly triggers: Pick<TriggerManager, 'incarnation'>;
}

export interface RelayRequest
  extends Omit<ReadRequest, 'table' | 'readers' | 'snapshot' | 'share' | 'until'> {
  /** End the lane where nothing is pending any more; else go on for as long as the slice lasts. */
  readonly drain: boolean;
  /** Events stay at the source so long after they were confirmed. */
  readonly retentionMs: number;
  readonly lane: number;
  /** Lanes that share the transfer's credit and rates, this one among them; default: it alone. */
  readonly lanesOfAll?: number;
}

/** Only these are asked of a reader of changes: there are no rows to count or compare. */
type ChangesReader = SourceReader & ReturnType<typeof createClaimReader>;

/**
 * Claims mean something only where they were sealed: to another server the numbers of transactions, of which they consist, are those of
 * others. A source may be restored while a transfer runs, and nobody plans anew.
 * @throws SluiceError capture.resync_required
 */
async function refuseAnother(
  { target: { ledger }, triggers }: Pick<RelayDeps, 'target' | 'triggers'>,
  { transfer, run, lane }: Pick<RelayRequest, 'transfer' | 'run' | 'lane'>,
): Promise<void> {
  const never = new AbortController().signal;
  const table = changesId(lane);
  const planned = await ledger.readTable(transfer, run, table, never);
  if (!planned || planned.incarnation === (await triggers.incarnation(never))) return;
  throw new SluiceError('capture.resync_required', 'the capture is another one than the changes began with', {
    table,
  });
}

/**
 * Moves captured changes of a lane from the source to the hub, claim by claim, in their order, and confirms at the source what the
 * target's ledger has. The same mechanism as for rows: lanes are opened, published within the credit, and read again when the hub
 * loses something. Safe to call at any time, also twice at once: the lane's opening and the lease fence the older one.
 * @throws SluiceError capture.*, database.*, hub.*; never an abort error
 */
export async function relayChanges(
  deps: RelayDeps,
  request: RelayRequest,
  control: SliceControl,
): Promise<ReadResult> {
  const { changes, triggers, clock = systemClock, ...ends } = deps;
  const { transfer, spec, drain, retentionMs, lane, lanesOfAll = 1 } = request;
  await refuseAnother({ ...ends, triggers }, request);
  await noteCopies({ target: ends.target, changes }, request, new AbortController().signal);
  const settings = { ...request.settings, readers: lanesOfAll };
  const reader = createClaimReader({ changes, transfer, spec, drain, retentionMs, control, clock });
  const result = await readAndPublish(
    { ...ends, clock, source: { reader: reader as ChangesReader } },
    { ...request, settings, rateShare: 1 / lanesOfAll, table: changesId(lane), readers: 1, snapshot: null },
    control,
  );
  if (result.why === 'ended') await reader.ended(lane);
  return result;
}
