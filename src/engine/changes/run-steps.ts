import type { Batch } from '../../model/batch.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TargetTransaction } from '../ports/target-writer.ts';
import { writeAll } from '../writing/apply-batch.ts';
import type { ChangeStep } from './change-steps.ts';

const cannot = (): SluiceError =>
  new SluiceError('internal', 'changes cannot be applied to this database yet');

async function runStep(
  transaction: TargetTransaction,
  step: ChangeStep,
  of: Pick<Batch, 'header'>,
): Promise<void> {
  const { plan } = step;
  if (step.kind === 'empty') {
    if (!transaction.empty) throw cannot();
    await transaction.empty(plan);
    return;
  }
  const { rows, data } = step.block;
  if (step.kind === 'remove') {
    if (!transaction.remove) throw cannot();
    // A row that is not there is removed already: a target converges.
    await transaction.remove(plan, step.block);
    return;
  }
  if (step.kind === 'remove-once') {
    if (!transaction.removeOnce) throw cannot();
    await transaction.removeOnce(plan, step.block);
    return;
  }
  const header = { ...of.header, encoding: plan.encoding, rows, bytes: data.length, end: null };
  await writeAll(transaction, plan, { header, data });
}

/** @param of  whose header a part of it gets */
export async function runSteps(
  transaction: TargetTransaction,
  steps: readonly ChangeStep[],
  of: Pick<Batch, 'header'>,
): Promise<void> {
  for (const step of steps) await runStep(transaction, step, of);
}
