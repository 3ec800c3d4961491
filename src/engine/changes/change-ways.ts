import type { Batch } from '../../model/batch.ts';
import type { ChangesPlan } from '../../model/changes-plan.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import {
  type ChangeStep,
  changeSteps,
  leftByChildren,
  NO_CHOICE,
  parentsFirst,
  type StepChoice,
} from './change-steps.ts';
import type { Judging } from './drift/judging.ts';
import { netChanges, type TableChange } from './net-change.ts';
import { type RawEvent, rawEvents } from './parse-events.ts';
import { type ChangeTarget, hasCascades, isWhole, tellsKeysApart } from './target-facts.ts';

export interface ChangesBatch {
  readonly plan: ChangesPlan;
  readonly batch: Batch;
  /** Absent: what is found otherwise than changes take for granted is neither counted nor refused. */
  readonly judging?: Judging | undefined;
}

/** What a constraint of the target refuses can be tried in another way. */
export const CONFLICT: ErrorCode = 'target.constraint_violated';

export const noSafeWay = (): SluiceError =>
  new SluiceError(CONFLICT, 'no order of its changes is safe all at once');

/** @param table  see takenAlong */
export const takesAlong = (table: string): SluiceError =>
  new SluiceError(CONFLICT, 'rows that stay would go along with a row that got another key', {
    table,
    suggestion: 'let no foreign key to the table at the target cascade',
  });

/** A way to the rows that a batch makes: parts that follow each other in one transaction. */
export interface ChangeWay {
  readonly parts: readonly (readonly ChangeStep[])[];
  /** The part that was begun last. */
  at: number;
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
  { plan, data }: { readonly plan: ChangesPlan; readonly data: Buffer },
  signal: AbortSignal,
): Promise<string | null> {
  const parents = new Map(plan.tables.map(({ number, parents: ids }) => [number, ids]));
  const going = new Map<number, string>();
  for (const { table } of left)
    if (await hasCascades(target, table, signal)) going.set(table.number, table.plan.id);
  const gone = new Set<string>();
  for (const { table, operation } of rawEvents(data)) {
    const id = going.get(table);
    if (operation === 'D' && id !== undefined) gone.add(id);
    const taken = operation === 'U' ? parents.get(table)?.find((parent) => gone.has(parent)) : undefined;
    if (taken !== undefined) return taken;
  }
  return null;
}

/**
 * Without a key a row that changed is removed and written anew, and rows of other tables that refer to it by a unique value would go along.
 * @throws SluiceError target.constraint_violated
 */
async function refuseCascadesOfRows(
  target: ChangeTarget,
  changes: readonly TableChange[],
  signal: AbortSignal,
): Promise<void> {
  for (const { table, removed } of changes)
    if (table.keyless && removed.rows > 0 && (await hasCascades(target, table, signal)))
      throw takesAlong(table.plan.id);
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
      !table.keyless &&
      (await isWhole(target, table, signal)) &&
      !(await hasCascades(target, table, signal)),
  );

const wayOf = (...parts: readonly (readonly ChangeStep[])[]): ChangeWay => ({ parts, at: 0 });

/** Events that follow each other, and their net effect. */
interface Part {
  readonly events: readonly RawEvent[];
  readonly steps: readonly ChangeStep[];
}

/** design.md section 7: divide by 10. */
const PARTS = 10;
/** Then event by event at once: each time all is written again. */
const MOST_DIVISIONS = 30;

async function partsOf(
  target: ChangeTarget,
  plan: ChangesPlan,
  events: readonly RawEvent[],
  signal: AbortSignal,
): Promise<readonly Part[]> {
  const steps = await partSteps(target, plan, events, signal);
  return steps ? [{ events, steps }] : divided(target, plan, events, signal);
}

/** The net effect of some events in their order; null: only a part of them at once may be safe. */
export async function partSteps(
  target: ChangeTarget,
  plan: ChangesPlan,
  events: readonly RawEvent[],
  signal: AbortSignal,
): Promise<readonly ChangeStep[] | null> {
  const changes = parentsFirst((await netChanges(plan, events, target.judge?.since)).changes);
  await refuseCascadesOfRows(target, changes, signal);
  const choice = await chooseLate(target, leftByChildren(changes), signal);
  return choice && changeSteps(changes, choice);
}

async function divided(
  target: ChangeTarget,
  plan: ChangesPlan,
  events: readonly RawEvent[],
  signal: AbortSignal,
): Promise<readonly Part[]> {
  const size = Math.ceil(events.length / PARTS);
  const parts: Part[] = [];
  for (let at = 0; at < events.length; at += size)
    parts.push(...(await partsOf(target, plan, events.slice(at, at + size), signal)));
  return parts;
}

async function eventByEvent(
  { judge }: ChangeTarget,
  plan: ChangesPlan,
  events: readonly RawEvent[],
): Promise<ChangeWay> {
  const parts: (readonly ChangeStep[])[] = [];
  for (const event of events) {
    const { changes } = await netChanges(plan, [event], judge?.since);
    parts.push(changeSteps(changes, NO_CHOICE));
  }
  return wayOf(...parts);
}

/** In parts, of which the one that is refused is divided, down to the single event. */
async function* inParts(
  target: ChangeTarget,
  { plan, batch }: ChangesBatch,
  signal: AbortSignal,
): AsyncGenerator<ChangeWay, void, undefined> {
  const events = [...rawEvents(batch.data)];
  let parts = await divided(target, plan, events, signal);
  for (let division = 0; division < MOST_DIVISIONS; division += 1) {
    const way = wayOf(...parts.map(({ steps }) => steps));
    yield way;
    const refused = parts[way.at]?.events ?? [];
    // What came before it had its effect: no other way leads on from there.
    if (refused.length <= 1) return;
    parts = parts.toSpliced(way.at, 1, ...(await divided(target, plan, refused, signal)));
  }
  yield eventByEvent(target, plan, events);
}

/** Ways of some events in bulk. */
export interface BulkWays {
  /** So many there are. */
  readonly events: number;
  /** Those that are safe: the net effect at once, then with all rows of it removed and written anew. To be gone through once. */
  readonly ways: AsyncGenerator<ChangeWay, void, undefined>;
  /** See takenAlong, of all events of the batch: where none of these ways is of use, parts are only if this is null. */
  taken(data: Buffer): Promise<string | null>;
}

export async function bulkWays(
  target: ChangeTarget,
  plan: ChangesPlan,
  events: Iterable<RawEvent>,
  signal: AbortSignal,
): Promise<BulkWays> {
  const net = await netChanges(plan, events, target.judge?.since);
  const changes = parentsFirst(net.changes);
  await refuseCascadesOfRows(target, changes, signal);
  const left = leftByChildren(changes);
  const choice = await chooseLate(target, left, signal);
  async function* ways(): BulkWays['ways'] {
    if (!choice) return;
    yield wayOf(changeSteps(changes, choice));
    // A unique value goes from row to row, or rows refer to each other.
    const anew = await chooseAnew(target, changes, signal);
    if (anew.size > 0) yield wayOf(changeSteps(changes, { ...choice, anew }));
  }
  return {
    events: net.events,
    ways: ways(),
    taken: (data) => takenAlong(target, left, { plan, data }, signal),
  };
}

/** @throws SluiceError batch.damaged */
export function demandAll({ header: { table, rows } }: Batch, events: number): void {
  if (events === rows) return;
  throw new SluiceError('batch.damaged', 'a batch has fewer or more changes than it says', { table });
}

/**
 * Ways to the rows that a batch makes, each of which bears with more than the one before and takes longer. The caller asks for the
 * next one where a constraint of the target refused the last.
 * @throws SluiceError source.value_rejected, batch.damaged, target.constraint_violated where no way is safe
 */
export async function* changeWays(
  target: ChangeTarget,
  changed: ChangesBatch,
  signal: AbortSignal,
): AsyncGenerator<ChangeWay, void, undefined> {
  const { plan, batch } = changed;
  const bulk = await bulkWays(target, plan, rawEvents(batch.data), signal);
  demandAll(batch, bulk.events);
  let isSafe = false;
  for await (const way of bulk.ways) {
    isSafe = true;
    yield way;
  }
  const taken = await bulk.taken(batch.data);
  if (taken === null) yield* inParts(target, changed, signal);
  else if (!isSafe) throw takesAlong(taken);
}
