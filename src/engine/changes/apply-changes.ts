import type { Batch } from '../../model/batch.ts';
import type { ChangesPlan } from '../../model/changes-plan.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { TargetTransaction } from '../ports/target-writer.ts';
import { type Applied, applyOnce, writeAll } from '../writing/apply-batch.ts';
import { type ChangeStep, changeSteps, leftByChildren, NO_CHOICE, type StepChoice } from './change-steps.ts';
import { netChanges, type TableChange } from './net-change.ts';
import { parentsFirst } from './order-tables.ts';
import { rawEvents } from './parse-events.ts';
import { type ChangeTarget, hasCascades, isWhole, tellsKeysApart } from './target-facts.ts';

export interface ChangesBatch {
  readonly plan: ChangesPlan;
  readonly batch: Batch;
}

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

async function runSteps(
  transaction: TargetTransaction,
  steps: readonly ChangeStep[],
  batch: Batch,
): Promise<void> {
  for (const step of steps) await runStep(transaction, step, batch);
}

async function idsWhere(
  changes: readonly TableChange[],
  holds: (change: TableChange) => Promise<boolean>,
): Promise<ReadonlySet<string>> {
  const found: string[] = [];
  for (const change of changes) if (await holds(change)) found.push(change.table.plan.id);
  return new Set(found);
}

/**
 * What rows of other tables may still refer to is removed last, unless the target may take a removed key for one that is written: then
 * first, where nothing goes along. Null: only one event after the other may be safe.
 */
async function chooseLate(
  target: ChangeTarget,
  left: readonly TableChange[],
  signal: AbortSignal,
): Promise<StepChoice | null> {
  const late = await idsWhere(
    left,
    async ({ table, written }) => written.length === 0 || (await tellsKeysApart(target, table, signal)),
  );
  const others = left.filter(({ table }) => !late.has(table.plan.id));
  const going = await idsWhere(others, ({ table }) => hasCascades(target, table, signal));
  return going.size === 0 ? { ...NO_CHOICE, late } : null;
}

/**
 * The first table of whose rows one goes while rows that stay, and are told of later, would go along: it got another key, which is a
 * delete and an insert. At the source they did not.
 */
async function takenAlong(
  target: ChangeTarget,
  left: readonly TableChange[],
  { plan, batch }: ChangesBatch,
  signal: AbortSignal,
): Promise<string | null> {
  const parents = new Map(plan.tables.map(({ number, parents: ids }) => [number, ids]));
  const going = new Map<number, string>();
  for (const { table } of left)
    if (await hasCascades(target, table, signal)) going.set(table.number, table.plan.id);
  const gone = new Set<string>();
  for (const { table, operation } of rawEvents(batch.data)) {
    const id = going.get(table);
    if (operation === 'D' && id !== undefined) gone.add(id);
    const taken = operation === 'U' ? parents.get(table)?.find((parent) => gone.has(parent)) : undefined;
    if (taken !== undefined) return taken;
  }
  return null;
}

/** Rows are only removed to be written again where nothing goes along with them, and nothing of them is lost. */
const chooseAnew = (
  target: ChangeTarget,
  changes: readonly TableChange[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> =>
  idsWhere(
    changes,
    async ({ written, table }) =>
      written.length > 0 &&
      (await isWhole(target, table, signal)) &&
      !(await hasCascades(target, table, signal)),
  );

const CONFLICT = 'target.constraint_violated';
const isViolation = (error: unknown): boolean => isSluiceError(error) && error.code === CONFLICT;

type Write = (transaction: TargetTransaction) => Promise<void>;

/** Ways to the same rows, each of which bears with more than the one before and takes longer. */
async function* ways(
  target: ChangeTarget,
  { plan, batch }: ChangesBatch,
  signal: AbortSignal,
): AsyncGenerator<Write, void, undefined> {
  const net = await netChanges(plan, rawEvents(batch.data));
  if (net.events !== batch.header.rows)
    throw new SluiceError('batch.damaged', 'a batch has fewer or more changes than it says', {
      table: batch.header.table,
    });
  const changes = parentsFirst(net.changes);
  const left = leftByChildren(changes);
  const choice = await chooseLate(target, left, signal);
  if (choice) {
    yield (transaction) => runSteps(transaction, changeSteps(changes, choice), batch);
    // A unique value goes from row to row, or rows refer to each other.
    const anew = await chooseAnew(target, changes, signal);
    if (anew.size > 0)
      yield (transaction) => runSteps(transaction, changeSteps(changes, { ...choice, anew }), batch);
  }
  const taken = await takenAlong(target, left, { plan, batch }, signal);
  if (taken !== null) {
    if (choice) return;
    throw new SluiceError(CONFLICT, 'rows that stay would go along with a row that got another key', {
      table: taken,
      suggestion: 'let no foreign key to the table at the target cascade',
    });
  }
  yield async (transaction) => {
    for (const event of rawEvents(batch.data)) {
      const { changes: one } = await netChanges(plan, [event]);
      await runSteps(transaction, changeSteps(one, NO_CHOICE), batch);
    }
  };
}

/**
 * Applies a batch of captured changes exactly once, in one target transaction: see applyOnce. First as their net effect, in bulk; what
 * a constraint of the target refuses is rolled back as a whole and tried in another way, the last being event by event in their
 * order. An update of a row that is not there writes it, a delete of one is nothing.
 * @throws SluiceError target.constraint_violated as the last way met it
 */
export async function applyChanges(
  target: ChangeTarget,
  changes: ChangesBatch,
  signal: AbortSignal,
): Promise<Applied> {
  let refusal: unknown;
  for await (const write of ways(target, changes, signal)) {
    try {
      return await applyOnce(target.writer, changes.batch, write, signal);
    } catch (error) {
      if (!isViolation(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
