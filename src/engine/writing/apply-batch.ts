import type { Batch, BatchHeader } from '../../model/batch.ts';
import type { LaneProgress } from '../../model/lane.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { Handled } from '../ports/hub.ts';
import type { TargetTransaction, TargetWriter } from '../ports/target-writer.ts';

export interface Applied {
  readonly outcome: Handled;
  /** The lane as the ledger has it after this; null where it has none. */
  readonly lane: Pick<LaneProgress, 'attempt' | 'epoch' | 'n'> | null;
}

/**
 * What a batch means when the compare-and-set did not take it. Smaller n, other attempt or epoch: the ledger has it or
 * wants none of it; an attempt that is higher than the ledger's is of a history that a restored target does not have.
 * Greater n: something before it is still to come. A lane that the ledger does not know is never made here.
 */
export function judge(lane: LaneProgress | null, header: BatchHeader): 'dropped' | 'later' {
  if (!lane || lane.ended || lane.attempt !== header.attempt || lane.epoch !== header.epoch) return 'dropped';
  return header.n <= lane.n ? 'dropped' : 'later';
}

async function checkEnd(transaction: TargetTransaction, batch: Batch): Promise<void> {
  const { end, table } = batch.header;
  if (!end) return;
  const lane = await transaction.readLane(batch.header);
  if (lane?.rows === end.rows && lane.bytes === end.bytes) return;
  throw new SluiceError('target.ledger_damaged', 'the ledger does not hold what was read of a key range', {
    table,
  });
}

/**
 * Applies one batch exactly once, in one target transaction: the ledger's compare-and-set first, then what `write` does.
 *
 * Safe to call again after any outcome, also an unknown one (a commit whose answer was lost): the ledger decides.
 */
export async function applyOnce(
  writer: TargetWriter,
  batch: Batch,
  write: (transaction: TargetTransaction) => Promise<void>,
  signal: AbortSignal,
): Promise<Applied> {
  const transaction = await writer.begin(signal);
  try {
    // Invariant 2: the ledger's entry and the rows are one transaction.
    if (!(await transaction.advance(batch))) {
      const lane = await transaction.readLane(batch.header);
      await transaction.rollback();
      return { outcome: judge(lane, batch.header), lane };
    }
    await write(transaction);
    await checkEnd(transaction, batch);
    await transaction.commit();
    const { attempt, epoch, n } = batch.header;
    return { outcome: 'applied', lane: { attempt, epoch, n } };
  } catch (error) {
    await transaction.rollback().catch(() => undefined);
    throw error;
  }
}

/** @throws SluiceError target.value_rejected unless the target counted as many rows as it was given */
export function refuseOtherCount(plan: TablePlan, written: number, given: number): void {
  if (written === given) return;
  throw new SluiceError('target.value_rejected', 'the target wrote fewer or more rows than it was given', {
    table: plan.id,
    suggestion: 'look for a trigger or rule on the target table that leaves out rows',
  });
}

/** @throws SluiceError target.value_rejected as refuseOtherCount */
export async function writeAll(transaction: TargetTransaction, plan: TablePlan, batch: Batch): Promise<void> {
  if (batch.header.rows === 0) return;
  refuseOtherCount(plan, await transaction.write(plan, batch), batch.header.rows);
}

/** Applies a batch of rows of one table: see applyOnce. */
export const applyBatch = (
  writer: TargetWriter,
  plan: TablePlan,
  batch: Batch,
  signal: AbortSignal,
): Promise<Applied> => applyOnce(writer, batch, (transaction) => writeAll(transaction, plan, batch), signal);
