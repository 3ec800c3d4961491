import type { Batch } from '../../model/batch.ts';
import type { Share } from '../../model/lane.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TransferSettings } from '../../model/transfer-settings.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import { applyChanges, applyOrPark } from '../changes/apply-changes.ts';
import type { ParkingOptions } from '../changes/parking/parking-options.ts';
import type { Judging } from '../changes/drift/judging.ts';
import { judgingOf } from './judging-of.ts';
import { createRetries, parkingOf, type Retries } from './retries.ts';
import { applyBatch, type Applied } from './apply-batch.ts';
import { createAssembler, type Assembler } from './assemble-batch.ts';
import { systemClock, type Clock } from '../clock.ts';
import { silentObserver, type Observer } from '../observer.ts';
import { createPlanCache, type PlanCache } from './plan-cache.ts';
import type { Database } from '../ports/dialect.ts';
import type { Delivery, Handled, Hub } from '../ports/hub.ts';
import { createSequencer, type Sequencer } from './sequencer.ts';
import type { Refusal, SliceControl, WriteResult } from '../slice.ts';

export interface WriteDeps {
  readonly target: Pick<Database, 'dialect' | 'ledger' | 'writer'> &
    Partial<Pick<Database, 'structure' | 'introspector' | 'quarantine' | 'drift'>>;
  readonly hub: Hub;
  readonly observer?: Observer;
  readonly clock?: Clock;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface WriteRequest {
  readonly transfer: string;
  readonly run: number;
  readonly spec: TransferSpec;
  readonly settings: TransferSettings;
  /** Tables that are paused, blocked or skipped: their messages are dropped, the record supplies them again. */
  readonly excluded: readonly string[];
  /** Tables that must be planned and ended before the work counts as drained. */
  readonly awaited: number;
  /** Where several slices share the run's writers: which of them this one is. */
  readonly share?: Share;
}

/** The writers of this slice: its share of the transfer's, evenly. */
function writersOf({
  settings: { writers },
  share: { part, of } = { part: 1, of: 1 },
}: WriteRequest): number {
  return Math.max(1, Math.floor(writers / of) + (part <= writers % of ? 1 : 0));
}

const TICK_MS = 200;
const PROGRESS_POLL_MS = 1_000;
/** With thousands of tables asking takes long itself: it may take a tenth of the time. */
const POLL_SHARE = 10;
const PURGE_MS = 2_000;
/** With nothing to apply for so long, its place is given to who waits for it: what is published may all be another part's. */
const IDLE_MS = 3_000;
/** Early batches wait this long in memory before they go back to the hub. */
const PATIENCE_MS = 1_000;
/** design.md section 5: a gap that stands 10 s without progress of its lane is published again. */
const GAP_MS = 10_000;
/**
 * What cannot be applied for so long is dropped, for nobody sends what it waits for: its reader is gone and the next one
 * may itself wait for room at the hub, which frees nothing behind a message that is not acknowledged.
 */
const GIVE_UP_MS = 30_000;
/** Without one applied batch for this long, an error that repeats ends the slice, so that it shows. */
const FAILING_MS = 30_000;

interface Writing {
  readonly deps: Required<WriteDeps>;
  readonly request: WriteRequest;
  readonly control: SliceControl;
  readonly plans: PlanCache;
  readonly excluded: Set<string>;
  /** Null: a change that is refused blocks its lane. */
  readonly parking: ParkingOptions | null;
  readonly judging: Judging | undefined;
  readonly retries: Retries;
  readonly ending: AbortController;
  readonly total: { batches: number; rows: number };
  refusal: Refusal | null;
  failure: unknown;
  appliedAt: number;
  /** A batch with an end was applied: the run may be drained. */
  ended: boolean;
  /** Generations of what was drained. */
  drained: number | null;
}

function apply(
  { deps: { target }, parking, judging }: Writing,
  plan: TablePlan,
  batch: Batch,
  signal: AbortSignal,
): Promise<Applied> {
  if (!plan.changes) return applyBatch(target.writer, plan, batch, signal);
  const changed = { plan: plan.changes, batch, judging };
  return parking ? applyOrPark(target, changed, parking, signal) : applyChanges(target, changed, signal);
}

async function applyOne(writing: Writing, batch: Batch): Promise<Applied> {
  const { deps, control } = writing;
  const { table, rows, bytes } = batch.header;
  if (writing.excluded.has(table)) return { outcome: 'dropped', lane: null };
  try {
    const plan = await writing.plans.get(batch.header);
    // Invariant 3: dropped only because the record can supply it again, under a newer plan.
    if (!plan) return { outcome: 'dropped', lane: null };
    const started = deps.clock.now();
    // An apply that has begun is finished even when the slice ends: it takes a moment and saves a redelivery.
    const { signal } = new AbortController();
    const result = await apply(writing, plan, batch, signal);
    if (result.outcome !== 'applied') {
      deps.observer.notApplied(table, result.outcome);
      return result;
    }
    writing.total.batches += 1;
    writing.total.rows += rows;
    writing.appliedAt = deps.clock.now();
    writing.ended ||= batch.header.end !== null;
    deps.observer.applied(table, rows, bytes, (deps.clock.now() - started) / 1000);
    control.progress();
    return result;
  } catch (error) {
    judgeError(writing, table, error);
    throw error;
  }
}

/** What an error of one batch means for the slice. The delivery itself is always sent back. */
function judgeError(writing: Writing, table: string, error: unknown): void {
  const { deps } = writing;
  deps.observer.notApplied(table, 'failed');
  const known = isSluiceError(error)
    ? error
    : new SluiceError(deps.target.dialect.classify(error), 'the target refused a batch', {
        table,
        cause: error,
      });
  if (known.retry === 'auto') {
    if (deps.clock.now() - writing.appliedAt < FAILING_MS) return;
    writing.failure ??= known;
  } else if (known.retry === 'manual') {
    writing.excluded.add(table);
    writing.refusal ??= { table, code: known.code, message: known.message, details: known.details };
  } else {
    writing.failure ??= known;
  }
  writing.ending.abort();
}

function createHandler(writing: Writing, sequencer: Sequencer) {
  const assembler = createAssembler((batch) => sequencer.submit(batch), {
    maxBytes: windowBytes(writing.request) / 2,
    wanted: ({ table, run, transfer }) =>
      transfer === writing.request.transfer && run === writing.request.run && !writing.excluded.has(table),
    clock: writing.deps.clock,
    patienceMs: GIVE_UP_MS,
  });
  const handle = async (delivery: Delivery): Promise<Handled> => {
    if (writing.ending.signal.aborted) return 'later';
    try {
      return await assembler.receive(delivery);
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'batch.damaged') throw error;
      // Invariant 3: dropped, for it would be as damaged the next time; its lane shows a gap and is read again.
      writing.deps.observer.notApplied(error.details.table ?? '', 'failed');
      return 'dropped';
    }
  };
  return { handle, assembler };
}

/** Bytes of deliveries in memory: each writer's batch, a few that come next, and room for a large row. */
const windowBytes = (request: WriteRequest): number =>
  Math.min((writersOf(request) + 2) * request.settings.blockBytes + 8 * 1024 * 1024, 64 * 1024 * 1024);

/** The generations of the awaited tables, added up, once all of them have ended; null before. */
async function drainedGenerations(writing: Writing): Promise<number | null> {
  const { request, deps } = writing;
  const tables = await deps.target.ledger.progress(request.transfer, request.run, writing.ending.signal);
  const awaited = tables.filter((table) => !writing.excluded.has(table.table));
  const isOver =
    awaited.length >= request.awaited && awaited.every((table) => table.endedLanes === table.lanes);
  return isOver ? awaited.reduce((sum, { generation }) => sum + generation, 0) : null;
}

/** What was interrupted because the slice ends is no failure of its own: the reason for the end is told. */
const unlessAborted =
  (signal: AbortSignal) =>
  (error: unknown): null => {
    if (signal.aborted) return null;
    throw error;
  };

/** Asks at most once in IDLE_MS, and only while nothing comes. */
function createYielding({ deps: { clock }, control, total }: Writing, sequencer: Sequencer) {
  let seen = { batches: total.batches, atMs: clock.now() };
  return async (): Promise<boolean> => {
    if (seen.batches !== total.batches || sequencer.running() > 0)
      seen = { batches: total.batches, atMs: clock.now() };
    if (!control.isAwaited || clock.now() - seen.atMs < IDLE_MS) return false;
    seen = { ...seen, atMs: clock.now() };
    return control.isAwaited();
  };
}

/** Looks after time, order, drain and purge until the slice ends. */
async function watch(
  writing: Writing,
  sequencer: Sequencer,
  assembler: Assembler,
): Promise<'drained' | 'stopped' | 'budget'> {
  const { deps, control, request } = writing;
  const { clock } = deps;
  const signal = writing.ending.signal;
  const mustYield = createYielding(writing, sequencer);
  let polledAt = -PROGRESS_POLL_MS;
  let pollTookMs = 0;
  // At once: slices that follow each other quickly must free the stream all the same.
  let purgedAt = -PURGE_MS;
  while (!signal.aborted) {
    await clock.sleep(writing.ended ? TICK_MS / 4 : TICK_MS, signal);
    if (signal.aborted) break;
    if (control.overdue() || (await mustYield())) return 'budget';
    sequencer.tick();
    assembler.tick();
    writing.retries.tick();
    deps.observer.writers(sequencer.running(), writersOf(request));
    const sincePolledMs = clock.now() - polledAt;
    if ((writing.ended && sincePolledMs >= POLL_SHARE * pollTookMs) || sincePolledMs >= PROGRESS_POLL_MS) {
      writing.ended = false;
      polledAt = clock.now();
      writing.drained = await drainedGenerations(writing).catch(unlessAborted(signal));
      pollTookMs = clock.now() - polledAt;
      if (writing.drained !== null) return 'drained';
      // Nothing to apply is no stall; an apply that hangs is one.
      if (sequencer.running() === 0) control.progress();
    }
    if (clock.now() - purgedAt >= PURGE_MS) {
      purgedAt = clock.now();
      await deps.hub.topics.purgeAcknowledged(request, signal).catch(() => undefined); // tried again in a moment
    }
  }
  return 'stopped';
}

/** Plans are announced before the first batch: hearing them saves asking the ledger. */
const hearPlans = (writing: Writing): Promise<void> =>
  writing.deps.hub
    .control(writing.request)
    .listen((said) => {
      if (said.kind === 'structure') writing.plans.put(said.table, said.generation, said.plan);
    }, writing.ending.signal)
    .catch(() => undefined); // hints only

/**
 * Applies what the hub delivers of a run, `writers` batches at once, each in one transaction of the target with its
 * ledger entry, until every awaited table has ended, the time is up, or a table must be left out.
 *
 * Safe to run several times at once, in any number of processes: the ledger decides.
 * @throws SluiceError target.*, database.*, hub.*; never an abort error
 */
export async function writeBatches(
  deps: WriteDeps,
  request: WriteRequest,
  control: SliceControl,
): Promise<WriteResult> {
  const full: Required<WriteDeps> = {
    observer: silentObserver,
    clock: systemClock,
    now: () => Date.now(),
    ...deps,
  };
  const ending = new AbortController();
  const end = (): void => ending.abort();
  control.stop.addEventListener('abort', end, { once: true });
  if (control.stop.aborted) end();
  const excluded = new Set(request.excluded);
  const parking = await parkingOf(full, request.spec, control);
  const judging = control.stop.aborted ? undefined : await judgingOf(full.target, request, full.observer);
  const writing: Writing = {
    deps: full,
    request,
    control,
    plans: createPlanCache(full.target.ledger, request),
    excluded,
    parking,
    judging,
    retries: createRetries({
      target: full.target,
      run: { transfer: request.transfer, run: request.run },
      parking,
      judging,
      clock: full.clock,
      excluded,
      // What concerns no lane the next batch will tell.
      onError: (table, error) => (table === '' ? undefined : judgeError(writing, table, error)),
    }),
    ending,
    total: { batches: 0, rows: 0 },
    refusal: null,
    failure: null,
    appliedAt: full.clock.now(),
    ended: true,
    drained: null,
  };
  const sequencer = createSequencer({
    clock: full.clock,
    writers: full.target.dialect.capabilities.concurrentWriters ? writersOf(request) : 1,
    patienceMs: PATIENCE_MS,
    gapMs: GAP_MS,
    giveUpMs: GIVE_UP_MS,
    apply: (batch) => applyOne(writing, batch),
    onRestored: ({ header }) => assembler.forget(header),
    onGap: ({ header: { table, generation, lane, attempt } }) => {
      void full.hub
        .control(request)
        .announce({ kind: 'gap', table, generation, lane, attempt }, ending.signal)
        .catch(() => undefined);
    },
  });
  const { handle, assembler } = createHandler(writing, sequencer);
  try {
    const consumer = await full.hub.consumer(request, {
      messages: 4 * writersOf(request) + 16,
      bytes: windowBytes(request),
      ...(request.share && { share: request.share }),
    });
    const heard = hearPlans(writing);
    const consuming = consumer.run(handle, ending.signal).catch((error: unknown) => {
      writing.failure ??= error;
      end();
    });
    // Every delivery is settled before the consumer is closed, also after an error of the watch.
    const watchAndRelease = async () => {
      try {
        return await watch(writing, sequencer, assembler);
      } finally {
        end();
        assembler.release();
        sequencer.release();
        await consuming;
        await writing.retries.last();
      }
    };
    try {
      const why = await watchAndRelease();
      if (writing.failure !== null && !control.stop.aborted) throw writing.failure;
      if (writing.refusal) return { why: 'refused', refusal: writing.refusal, ...writing.total };
      if (control.stop.aborted) return { why: 'stopped', refusal: null, ...writing.total };
      const generations = writing.drained === null ? {} : { generations: writing.drained };
      return { why, refusal: null, ...writing.total, ...generations };
    } finally {
      await heard;
      await consumer.close();
    }
  } catch (error) {
    if (control.stop.aborted) return { why: 'stopped', refusal: null, ...writing.total };
    throw error;
  } finally {
    control.stop.removeEventListener('abort', end);
    end();
  }
}
