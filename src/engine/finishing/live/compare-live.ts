import type { KeyRange } from '../../../model/lane.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Clock } from '../../clock.ts';
import type { ChangeCapture } from '../../ports/change-capture.ts';
import type { Database } from '../../ports/dialect.ts';
import { createRateLimit } from '../../reading/rate-limit.ts';
import type { SliceControl } from '../../slice.ts';
import { whileWorking } from '../../while-working.ts';
import { differencesIn, namedBy } from '../compare-rows.ts';
import { lookAt } from './look-at.ts';
import { createSuspects, nameOf, type Settled, type Suspects } from './suspects.ts';

export interface LiveDeps {
  readonly source: Pick<Database, 'reader' | 'inspector'>;
  readonly target: Pick<Database, 'writer' | 'inspector'>;
  readonly changes: Pick<ChangeCapture, 'backlog' | 'now'>;
  readonly transfer: string;
  /** Of these rows, the names of those that have changes set apart. */
  readonly parked: (
    keys: readonly (readonly string[])[],
    signal: AbortSignal,
  ) => Promise<ReadonlySet<string>>;
  readonly clock: Clock;
}

export interface LiveRequest {
  readonly plan: TablePlan;
  /** Rows that only the target has are none of the copy's. */
  readonly ignoreExtra: boolean;
  readonly delayMs: number;
  /** Of each side, by ranges; 0: no limit. */
  readonly rowsPerSecond: number;
  readonly most: number;
}

export interface LiveComparison {
  readonly sourceRows: bigint;
  readonly targetRows: bigint;
  readonly ranges: number;
  /** Rows of which something is to be said, in no order. */
  readonly settled: readonly Settled[];
  /** False: there was no room for all rows that differed, and there may be more. */
  readonly isComplete: boolean;
}

const ROWS_PER_RANGE = 200_000;
/** A range in which more rows differ than are watched at once is looked through so often. */
const MOST_EXAMINED = 10;
/** Between two looks: at first, and at last. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;
const GROWTH = 1.5;
/** Of the time that a look takes: neither side is busy with it all the time. */
const PAUSES_PER_LOOK = 3;
/** Whoever is silent for longer counts as hung. */
const MOST_PAUSE_MS = 60_000;

const alive = <T>(control: SliceControl, work: Promise<T>): Promise<T> =>
  whileWorking(() => control.progress(), work);

/** Looks at the rows that differ, now and then, until something can be said of each. */
function createWatch(
  deps: LiveDeps,
  plan: TablePlan,
  { suspects, control }: { readonly suspects: Suspects; readonly control: SliceControl },
) {
  const { clock, changes } = deps;
  const keys = namedBy(plan);
  let pauseMs = FIRST_PAUSE_MS;
  let nextMs = 0;
  const look = async (): Promise<void> => {
    const names = suspects.keys();
    if (names.length === 0) return;
    const atMs = clock.now();
    const readAt = await changes.now?.(control.stop);
    const { oldestAt, events } = await changes.backlog(deps.transfer, control.stop);
    const isQuiet = oldestAt === null && events === 0;
    const found = await alive(control, lookAt(deps, { plan, keys, names }, control));
    suspects.look({ atMs, isQuiet, oldestAt, ...(readAt !== undefined && { readAt }) }, found);
    const asked = suspects.asked();
    const parked = await deps.parked(asked, control.stop);
    for (const key of asked) suspects.answer(key, parked.has(nameOf(key)));
    const restMs = Math.min(MOST_PAUSE_MS, PAUSES_PER_LOOK * (clock.now() - atMs));
    nextMs = clock.now() + Math.max(pauseMs, restMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * GROWTH);
    control.progress();
  };
  return {
    lookIfDue: async (): Promise<void> => (clock.now() < nextMs ? undefined : look()),
    /** Until none is left; earlier where the slice is to end. */
    async untilSettled(): Promise<void> {
      pauseMs = FIRST_PAUSE_MS;
      while (suspects.keys().length > 0 && !control.stop.aborted) {
        await clock.sleep(Math.max(0, nextMs - clock.now()), control.stop);
        if (!control.stop.aborted) await look();
      }
    },
  };
}

/** Finds rows that differ in the ranges, one after the other, and keeps an eye on them meanwhile. */
function createSearch(deps: LiveDeps, request: LiveRequest, control: SliceControl) {
  const { plan, ignoreExtra, delayMs, most } = request;
  const suspects = createSuspects({ most, delayMs });
  const watch = createWatch(deps, plan, { suspects, control });
  const rate = createRateLimit({ rowsPerSecond: request.rowsPerSecond, bytesPerSecond: 0 }, deps.clock);
  let rowsOfRange = 0n;

  const sums = async (range: KeyRange | null) => {
    const [source, target] = await alive(
      control,
      Promise.all([
        deps.source.reader.checksum(plan, range, control.stop),
        deps.target.writer.checksum(plan, range, control.stop),
      ]),
    );
    rowsOfRange = source.rows > target.rows ? source.rows : target.rows;
    const passing = { rows: Number(rowsOfRange), bytes: 0, overdue: () => false };
    await rate.pass({ ...passing, onWaiting: () => control.progress() }, control.stop);
    return { source, target, isSame: source.rows === target.rows && source.sum === target.sum };
  };
  /** @returns whether there was room for all rows that differ */
  const examine = async (range: KeyRange | null): Promise<boolean> => {
    for await (const { kind, key } of differencesIn(deps, { plan, range, rows: rowsOfRange }, control)) {
      if (ignoreExtra && kind === 'extra') continue;
      if (!suspects.add({ key, range }, deps.clock.now())) return false;
    }
    return true;
  };
  return {
    watch,
    suspects,
    examine,
    /** @returns what the two sides have, and whether all that differs is known */
    async compare(range: KeyRange | null) {
      for (let examined = 0; ; examined += 1) {
        const { source, target, isSame } = await sums(range);
        const found = { source: source.rows, target: target.rows };
        if (isSame || control.stop.aborted) return { ...found, isKnown: true };
        if (await alive(control, examine(range))) return { ...found, isKnown: true };
        await watch.untilSettled();
        if (suspects.settled().length >= most || examined >= MOST_EXAMINED)
          return { ...found, isKnown: false };
      }
    },
  };
}

const isDifference = ({ fate }: Settled): boolean =>
  fate === 'missing' || fate === 'extra' || fate === 'different';

/** A second opinion, that needs no order and no index: what differs must be found again among all rows of its range. */
async function confirm(
  suspects: Suspects,
  deps: LiveDeps,
  plan: TablePlan,
  control: SliceControl,
): Promise<void> {
  const found = suspects.settled().filter(isDifference);
  const ranges = new Set(found.map(({ range }) => range));
  const unconfirmed = new Map(found.map(({ key }) => [nameOf(key), key]));
  for (const range of ranges) {
    const piece = { plan, range, rows: BigInt(ROWS_PER_RANGE) };
    for await (const { key } of differencesIn(deps, piece, control)) unconfirmed.delete(nameOf(key));
  }
  for (const key of unconfirmed.values()) suspects.clear(key);
}

/**
 * Compares a table that has names for its rows while changes flow from one side to the other: range by range by checksum, those that differ
 * down to the rows, and these again and again until they agree or something else can be said of them (suspects.ts). Reads only, each
 * range by one statement of its own; whoever is interrupted begins again.
 * @returns null when the slice had to end before
 * @throws SluiceError database.*
 */
export async function compareLive(
  deps: LiveDeps,
  request: LiveRequest,
  control: SliceControl,
): Promise<LiveComparison | null> {
  const { plan } = request;
  const isCut = plan.position.kind === 'key' && plan.position.sameOrder;
  const ranges = isCut
    ? await deps.source.reader.planRanges(
        plan,
        { rowsPerRange: ROWS_PER_RANGE, snapshot: null },
        control.stop,
      )
    : [null];
  const search = createSearch(deps, request, control);
  let sourceRows = 0n;
  let targetRows = 0n;
  let isComplete = true;
  for (const range of ranges) {
    if (control.stop.aborted) return null;
    const { source, target, isKnown } = await search.compare(range);
    sourceRows += source;
    targetRows += target;
    isComplete &&= isKnown;
    await search.watch.lookIfDue();
  }
  await search.watch.untilSettled();
  if (control.stop.aborted) return null;
  await alive(control, confirm(search.suspects, deps, plan, control));
  const settled = search.suspects.settled().filter(({ fate }) => !(request.ignoreExtra && fate === 'extra'));
  return { sourceRows, targetRows, ranges: ranges.length, settled, isComplete };
}
