import type { Batch } from '../../model/batch.ts';
import type { TableDrift } from '../../model/drift.ts';
import { isSluiceError, type SluiceError } from '../../model/sluice-error.ts';
import type { TargetTransaction } from '../ports/target-writer.ts';
import { type Applied, applyOnce } from '../writing/apply-batch.ts';
import { bulkWays, type ChangesBatch, type ChangeWay, changeWays, CONFLICT } from './change-ways.ts';
import {
  countFound,
  type Found,
  judged,
  refuseFound,
  tellCounted,
  untilJudgedRight,
} from './drift/judging.ts';
import { applyParking } from './parking/apply-parking.ts';
import type { ParkingOptions } from './parking/parking-options.ts';
import { isDrifted, isRefusal, withLateChecks } from '../quarantine/refusals.ts';
import { rawEvents } from './parse-events.ts';
import { runSteps } from './run-steps.ts';
import type { ChangeTarget } from './target-facts.ts';

/** One attempt at a batch, of which nothing is left where it fails. */
interface Attempt {
  readonly target: ChangeTarget;
  readonly batch: Batch;
  /** What of the target is not as its changes take for granted. */
  readonly found: Found;
}

async function runWay(
  transaction: TargetTransaction,
  way: ChangeWay,
  { target: { judge }, batch, found }: Attempt,
): Promise<void> {
  for (const [at, steps] of way.parts.entries()) {
    way.at = at;
    await runSteps(transaction, steps, batch, found);
    if (judge && transaction.drift) await refuseFound(judge, transaction.drift, found);
  }
}

/** Applies a batch once, and counts what was found with it: one that comes again counts nothing. */
async function applyCounting(
  attempt: Attempt,
  write: (transaction: TargetTransaction) => Promise<void>,
  signal: AbortSignal,
): Promise<Applied> {
  const { target, batch, found } = attempt;
  const { judge } = target;
  let counted: readonly TableDrift[] = [];
  const applied = await applyOnce(
    target.writer,
    batch,
    async (transaction) => {
      await write(transaction);
      if (judge && transaction.drift) counted = await countFound(judge, transaction.drift, found);
    },
    signal,
  );
  if (judge && applied.outcome === 'applied') tellCounted(judge, counted);
  return applied;
}

const applyWay = (
  target: ChangeTarget,
  way: ChangeWay,
  batch: Batch,
  signal: AbortSignal,
): Promise<Applied> => {
  const attempt: Attempt = { target, batch, found: new Map() };
  return applyCounting(attempt, (transaction) => runWay(transaction, way, attempt), signal);
};

/** A constraint of the target refused it, or a row was not as it should be: in another way, or in parts, it may go. */
const mayGoOtherwise = (error: unknown): error is SluiceError =>
  isSluiceError(error) && (error.code === CONFLICT || isDrifted(error));

/**
 * Applies a batch of captured changes exactly once, in one target transaction: see applyOnce. First as their net effect, in bulk; what
 * a constraint of the target refuses is rolled back as a whole and tried in another way, at last in parts down to the single event, in
 * their order. An update of a row that is not there writes it, a delete of one is nothing: that is counted in the same transaction, or
 * refused where changes are strict.
 * @throws SluiceError target.constraint_violated, target.row_missing, target.row_exists as the last way met it
 */
export async function applyChanges(
  of: ChangeTarget,
  changes: ChangesBatch,
  signal: AbortSignal,
): Promise<Applied> {
  return untilJudgedRight(async () => {
    const target = await judged(of, changes, signal);
    let refusal: unknown;
    for await (const way of changeWays(target, changes, signal)) {
      try {
        return await applyWay(target, way, changes.batch, signal);
      } catch (error) {
        if (!mayGoOtherwise(error)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  });
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
    return way ? await applyWay(target, way, batch, signal) : null;
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
  of: ChangeTarget,
  changes: ChangesBatch,
  options: ParkingOptions,
  signal: AbortSignal,
): Promise<Applied> {
  return untilJudgedRight(async () => {
    const target = await judged(of, changes, signal);
    const { batch } = changes;
    const { memory } = options;
    if (memory.isFree(batch.header)) {
      const applied = await applyWhole(target, changes, signal);
      if (applied?.outcome === 'applied') memory.note(batch.header, true);
      if (applied) return applied;
    }
    return withLateChecks(async (checks) => {
      let isFree = false;
      const attempt: Attempt = { target, batch, found: new Map() };
      const request = { target, changes, options, checks, found: attempt.found };
      const write = async (transaction: TargetTransaction): Promise<void> => {
        isFree = await applyParking(request, transaction, signal);
      };
      const applied = await applyCounting(attempt, write, signal);
      if (applied.outcome === 'applied') memory.note(batch.header, isFree);
      return applied;
    });
  });
}
