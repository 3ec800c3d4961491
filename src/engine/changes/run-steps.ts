import type { Batch } from '../../model/batch.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { RowGroup, TargetTransaction } from '../ports/target-writer.ts';
import { refuseOtherCount, writeAll } from '../writing/apply-batch.ts';
import type { ChangeStep } from './change-steps.ts';
import { addFound, type Found } from './drift/judging.ts';

const cannot = (): SluiceError =>
  new SluiceError('internal', 'changes cannot be applied to this database yet');

async function remove(
  transaction: TargetTransaction,
  { kind, plan, block, expected, missing }: Extract<ChangeStep, { kind: 'remove' | 'remove-once' }>,
  found: Found,
): Promise<void> {
  // A row that is not there is removed already: a target converges.
  const there =
    kind === 'remove' ? await transaction.remove?.(plan, block) : await transaction.removeOnce?.(plan, block);
  if (there === undefined) throw cannot();
  if (expected === 'there') addFound(found, plan.id, missing ?? 'delete', Math.max(0, block.rows - there));
  if (expected === 'absent') addFound(found, plan.id, 'insert', there);
}

/** @throws SluiceError target.value_rejected */
async function writeJudged(
  transaction: Pick<TargetTransaction, 'writeGroups'>,
  plan: TablePlan,
  groups: readonly RowGroup[],
  found: Found,
): Promise<void> {
  const written = (await transaction.writeGroups?.(plan, groups)) ?? [];
  for (const [at, { expected, block }] of groups.entries()) {
    const { rows, there } = written[at] ?? { rows: 0, there: 0 };
    refuseOtherCount(plan, rows, block.rows);
    if (expected === 'there') addFound(found, plan.id, 'update', block.rows - there);
    if (expected === 'absent') addFound(found, plan.id, 'insert', there);
  }
}

async function runStep(
  transaction: TargetTransaction,
  step: ChangeStep,
  of: Pick<Batch, 'header'>,
  found: Found,
): Promise<void> {
  const { plan } = step;
  if (step.kind === 'empty') {
    if (!transaction.empty) throw cannot();
    await transaction.empty(plan);
    return;
  }
  if (step.kind !== 'write') return remove(transaction, step, found);
  const { groups } = step;
  if (groups?.some(({ expected }) => expected !== null) && transaction.writeGroups)
    return writeJudged(transaction, plan, groups, found);
  const { rows, data } = step.block;
  const header = { ...of.header, encoding: plan.encoding, rows, bytes: data.length, end: null };
  await writeAll(transaction, plan, { header, data });
}

/**
 * @param of  whose header a part of it gets
 * @param found  what is not as it should be is added to it
 */
export async function runSteps(
  transaction: TargetTransaction,
  steps: readonly ChangeStep[],
  of: Pick<Batch, 'header'>,
  found: Found,
): Promise<void> {
  for (const step of steps) await runStep(transaction, step, of, found);
}
