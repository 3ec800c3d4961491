import { SluiceError } from '../../../model/sluice-error.ts';
import type { TargetParking } from '../../ports/target-parking.ts';
import type { TargetTransaction } from '../../ports/target-writer.ts';
import { bulkWays, type ChangesBatch, demandAll, noSafeWay, partSteps, takesAlong } from '../change-ways.ts';
import { type RawEvent, rawEvents } from '../parse-events.ts';
import { runSteps } from '../run-steps.ts';
import { tableReaders } from '../table-reader.ts';
import { type ChangeTarget, tellsNormalKeysApart } from '../target-facts.ts';
import { type CascadeGuard, createCascadeGuard, goesAlong, takesRows } from './cascade-guard.ts';
import { type Found, mergeFound, refuseFound } from '../drift/judging.ts';
import { createParkedKeys, type ParkedKeys } from './parked-keys.ts';
import type { ParkingOptions } from './parking-options.ts';
import { isRefusal } from '../../quarantine/refusals.ts';
import { storedEvent } from './set-apart.ts';

/** design.md section 7: divide by 10. */
const PARTS = 10;

interface Applying {
  readonly target: ChangeTarget;
  readonly changes: ChangesBatch;
  readonly options: ParkingOptions;
  readonly signal: AbortSignal;
  readonly transaction: TargetTransaction;
  readonly parking: TargetParking;
  readonly keys: ParkedKeys;
  readonly guard: CascadeGuard;
  /** Constraints that could wait for the commit are asked behind each part: one of them refused it. */
  readonly checks: boolean;
  /** What of the target is not as changes take for granted, of all that is applied. */
  readonly found: Found;
  guarded: ReadonlySet<number>;
}

/** Null: it is done, and what waits behind others is set apart. */
async function attemptWay(
  applying: Applying,
  events: readonly RawEvent[],
  way: (rest: readonly RawEvent[]) => Promise<Parameters<typeof runSteps>[1] | null>,
): Promise<SluiceError | null> {
  const { target, keys, parking, transaction, changes, checks, options } = applying;
  options.progress();
  const split = keys.split(events);
  const found: Found = new Map();
  try {
    if (takesRows(split.rest, applying.guarded)) return goesAlong();
    const steps = split.rest.length === 0 ? [] : await way(split.rest);
    if (steps === null) return noSafeWay();
    if (steps.length > 0)
      await parking.attempt(async () => {
        await runSteps(transaction, steps, changes.batch, found);
        if (target.judge && transaction.drift) await refuseFound(target.judge, transaction.drift, found);
        if (checks) await parking.check?.();
      });
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  keys.take(split);
  mergeFound(applying.found, found);
  return null;
}

async function refuse(applying: Applying, event: RawEvent, refusal: SluiceError): Promise<void> {
  const { target, keys, changes, guard, signal } = applying;
  const table = tableReaders(changes.plan).get(event.table)?.table;
  if (!table) throw refusal;
  keys.refuse(event, refusal, !(await tellsNormalKeysApart(target, table, signal)));
  const above = await guard.over([table.plan.id]);
  applying.guarded = new Set([...applying.guarded, ...above]);
}

/** In order, divided down to the single event, which is set apart where it is refused. */
async function conquer(applying: Applying, events: readonly RawEvent[]): Promise<void> {
  const { target, changes, signal } = applying;
  const refusal = await attemptWay(applying, events, (rest) => partSteps(target, changes.plan, rest, signal));
  if (!refusal) return;
  const [only] = events;
  if (events.length === 1 && only) {
    await refuse(applying, only, refusal);
    return;
  }
  const size = Math.ceil(events.length / PARTS);
  for (let at = 0; at < events.length; at += size) await conquer(applying, events.slice(at, at + size));
}

async function inBulk(applying: Applying, events: readonly RawEvent[]): Promise<boolean> {
  const { target, changes, signal, keys } = applying;
  const { rest } = keys.split(events);
  const bulk = await bulkWays(target, changes.plan, rest, signal).catch((error: unknown) => {
    // A payload that cannot be read: whose it is shows when it is divided.
    if (isRefusal(error)) return null;
    throw error;
  });
  if (!bulk) return false;
  for await (const way of bulk.ways)
    if ((await attemptWay(applying, events, async () => way.parts.flat())) === null) return true;
  const taken = await bulk.taken(changes.batch.data);
  if (taken !== null) throw takesAlong(taken);
  return false;
}

/** What is set apart changes with the batch, in its transaction. */
async function store({ keys, parking, changes, options }: Applying): Promise<void> {
  const { header } = changes.batch;
  const { dropped, merges, events } = keys.changes();
  for (const table of dropped) await parking.drop(header.transfer, table);
  for (const { into, ...of } of merges) await parking.merge(header.transfer, into, of);
  const nowMs = options.now();
  if (events.length > 0)
    await parking.park(events.map((event) => storedEvent(header, event, options, nowMs)));
}

/**
 * Applies the events of a batch within its transaction, behind `advance`: what is refused, and what is of a key that is set apart, is
 * set apart with it; the rest is applied in order. Truncations are applied all the same, and drop what was set apart of their table.
 * @returns whether nothing of the lane is set apart any more
 * @throws SluiceError target.constraint_violated where rows that stay would go along with a row that got another key
 */
export async function applyParking(
  request: Pick<Applying, 'target' | 'changes' | 'options' | 'checks' | 'found'>,
  transaction: TargetTransaction,
  signal: AbortSignal,
): Promise<boolean> {
  const { target, changes } = request;
  const { parking } = transaction;
  if (!parking) throw new SluiceError('internal', 'this target sets nothing apart');
  const { plan, batch } = changes;
  const ids = new Set(plan.tables.map((table) => table.plan.id));
  const held = (await parking.held(batch.header.transfer)).filter(({ table }) => ids.has(table));
  const guard = createCascadeGuard(target, plan, signal);
  const keys = createParkedKeys(tableReaders(plan), held);
  const guarded = await guard.over(new Set(held.map(({ table }) => table)));
  const applying = { ...request, signal, transaction, parking, keys, guard, guarded };
  const events = [...rawEvents(batch.data)];
  demandAll(batch, events.length);
  if (!(await inBulk(applying, events))) await conquer(applying, events);
  await store(applying);
  return keys.isFree();
}
