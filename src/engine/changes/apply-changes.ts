import type { Batch } from '../../model/batch.ts';
import { isSluiceError } from '../../model/sluice-error.ts';
import type { TargetTransaction } from '../ports/target-writer.ts';
import { type Applied, applyOnce } from '../writing/apply-batch.ts';
import { bulkWays, type ChangesBatch, type ChangeWay, changeWays, CONFLICT } from './change-ways.ts';
import { applyParking } from './parking/apply-parking.ts';
import type { ParkingOptions } from './parking/parking-options.ts';
import { isRefusal, withLateChecks } from '../quarantine/refusals.ts';
import { rawEvents } from './parse-events.ts';
import { runSteps } from './run-steps.ts';
import type { ChangeTarget } from './target-facts.ts';

async function runWay(transaction: TargetTransaction, way: ChangeWay, batch: Batch): Promise<void> {
  for (const [at, steps] of way.parts.entries()) {
    way.at = at;
    await runSteps(transaction, steps, batch);
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

/** Where nothing is set apart: the whole batch in bulk. Null: some of it is refused, and nothing was done. */
async function applyWhole(
  target: ChangeTarget,
  changes: ChangesBatch,
  signal: AbortSignal,
): Promise<Applied | null> {
  const { plan, batch } = changes;
  try {
    const bulk = await bulkWays(target, plan, rawEvents(batch.data), signal);
    if (bulk.events !== batch.header.rows) return null;
    const { value: way } = await bulk.ways.next();
    if (!way) return null;
    return await applyOnce(target.writer, batch, (transaction) => runWay(transaction, way, batch), signal);
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/**
 * The same, where a change that the target refuses is set apart with those of its key, so that its lane goes on: in the transaction
 * that applies the rest of the batch, see applyParking. While nothing is set apart it costs nothing.
 * @throws SluiceError target.constraint_violated where rows that stay would go along with one that got another key
 */
export async function applyOrPark(
  target: ChangeTarget,
  changes: ChangesBatch,
  options: ParkingOptions,
  signal: AbortSignal,
): Promise<Applied> {
  const { batch } = changes;
  const { memory } = options;
  if (memory.isFree(batch.header)) {
    const applied = await applyWhole(target, changes, signal);
    if (applied?.outcome === 'applied') memory.note(batch.header, true);
    if (applied) return applied;
  }
  return withLateChecks(async (checks) => {
    let isFree = false;
    const request = { target, changes, options, checks };
    const write = async (transaction: TargetTransaction): Promise<void> => {
      isFree = await applyParking(request, transaction, signal);
    };
    const applied = await applyOnce(target.writer, batch, write, signal);
    if (applied.outcome === 'applied') memory.note(batch.header, isFree);
    return applied;
  });
}
