import type { Batch } from '../../model/batch.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { TargetTransaction } from '../ports/target-writer.ts';
import { type Applied, applyOnce, writeAll } from '../writing/apply-batch.ts';
import type { ChangeStep } from './change-steps.ts';
import { type ChangesBatch, type ChangeWay, changeWays, CONFLICT } from './change-ways.ts';
import type { ChangeTarget } from './target-facts.ts';

const cannot = (): SluiceError =>
  new SluiceError('internal', 'changes cannot be applied to this database yet');

async function runStep(transaction: TargetTransaction, step: ChangeStep, batch: Batch): Promise<void> {
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
  const header = { ...batch.header, encoding: plan.encoding, rows, bytes: data.length, end: null };
  await writeAll(transaction, plan, { header, data });
}

async function runWay(transaction: TargetTransaction, way: ChangeWay, batch: Batch): Promise<void> {
  for (const [at, steps] of way.parts.entries()) {
    way.at = at;
    for (const step of steps) await runStep(transaction, step, batch);
  }
}

/**
 * Applies a batch of captured changes exactly once, in one target transaction: see applyOnce. First as their net effect, in bulk; what
 * a constraint of the target refuses is rolled back as a whole and tried in another way, at last in parts down to the single event, in
 * their order. An update of a row that is not there writes it, a delete of one is nothing.
 * @throws SluiceError target.constraint_violated as the last way met it
 */
export async function applyChanges(
  target: ChangeTarget,
  changes: ChangesBatch,
  signal: AbortSignal,
): Promise<Applied> {
  const { batch } = changes;
  let refusal: unknown;
  for await (const way of changeWays(target, changes, signal)) {
    try {
      const write = (transaction: TargetTransaction) => runWay(transaction, way, batch);
      return await applyOnce(target.writer, batch, write, signal);
    } catch (error) {
      if (!isSluiceError(error) || error.code !== CONFLICT) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
