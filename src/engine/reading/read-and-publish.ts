import { setMaxListeners } from 'node:events';
import type { LaneProgress, LaneRef, Opening, Share } from '../../model/lane.ts';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { TransferSettings } from '../../model/transfer-settings.ts';
import { DEFAULTS, type TransferSpec } from '../../model/transfer-spec.ts';
import { systemClock, type Clock } from '../clock.ts';
import { createCredit, type Credit } from './credit.ts';
import { drawEpoch } from '../driver/epoch.ts';
import { planFingerprint } from '../wire/fingerprint.ts';
import { giveUpLane, publishLane, type OpenLane } from './lane-publisher.ts';
import type { LaneToRead } from './lane-share.ts';
import { createLaneWatch, type LaneWatch } from './lane-watch.ts';
import { silentObserver, type Observer } from '../observer.ts';
import type { Database } from '../ports/dialect.ts';
import type { Hub, Publisher } from '../ports/hub.ts';
import type { PlannedTable } from '../ports/ledger.ts';
import type { SnapshotRef } from '../ports/source-reader.ts';
import { createRateLimit, pacedBytes, pacedRows, type RateLimit, type Rates } from './rate-limit.ts';
import { createReadBudget, fenceAndCount, type ReadBudget, type ReadUntil } from './read-budget.ts';
import { streamBytes } from '../planning/prepare-transfer.ts';
import type { ReadResult, SliceControl } from '../slice.ts';
import { isReadInOne, refuseToReadOn } from '../planning/source-query.ts';
import { createTurns, type Turns } from './turns.ts';

export interface ReadDeps {
  readonly source: Pick<Database, 'reader'>;
  readonly target: Pick<Database, 'ledger'> & Partial<Pick<Database, 'drift'>>;
  readonly hub: Hub;
  readonly observer?: Observer;
  readonly clock?: Clock;
}

export interface ReadRequest {
  readonly transfer: string;
  readonly run: number;
  readonly table: string;
  readonly spec: TransferSpec;
  readonly settings: TransferSettings;
  /** Key ranges of this table read at once. */
  readonly readers: number;
  readonly snapshot: SnapshotRef | null;
  /** Where several slices read the table: which of them this one is. Each takes the lanes that nobody has yet. */
  readonly share?: Share;
  /** This slice's share of the transfer's rates, above 0 and at most 1; absent: all of them. */
  readonly rateShare?: number;
  /** What the ledger may hold of the run; only one slice of the run reads at a time then. */
  readonly until?: ReadUntil;
}

/**
 * Bytes of unanswered publishes of all lanes together, of which each has one publish at least: enough to keep the hub's file
 * store busy.
 */
const PUBLISHING_BYTES = 16 * 1024 * 1024;
const MOST_UNANSWERED = 16;

/**
 * Lanes in hand for each reader: while the end of one is on its way to the hub the next one is opened and read, or each
 * range would end with a pause as long as the link is slow.
 */
const LANES_A_READER = 2;

const publishWindow = (bytesOfEach: number): number =>
  Math.min(MOST_UNANSWERED, Math.max(1, Math.floor(PUBLISHING_BYTES / bytesOfEach)));

/** A block ends at the first row end behind its limit: room for that row, so that few blocks need a second message. */
const FILL = 0.9;

interface Reading {
  readonly deps: Required<ReadDeps>;
  readonly request: ReadRequest;
  readonly control: SliceControl;
  readonly planned: PlannedTable;
  readonly publisher: Publisher;
  readonly credit: Credit;
  readonly maxMessageBytes: number;
  readonly limit: RateLimit;
  /** This slice's share of the transfer's rates. */
  readonly rates: Rates;
  readonly budget: ReadBudget;
  readonly open: Map<number, OpenLane>;
  /** As many lanes are read at once as there are readers. */
  readonly turns: Turns;
  /** Ends the publishing of one lane, which then opens it anew. */
  readonly interrupts: Map<number, AbortController>;
  /** Aborted when the slice is to end, for whatever reason. */
  readonly ending: AbortController;
  published: { rows: number; bytes: number };
}

const laneRef = (reading: Reading, lane: number): LaneRef => ({
  transfer: reading.request.transfer,
  run: reading.request.run,
  table: reading.request.table,
  generation: reading.planned.generation,
  lane,
});

function forgetLane(reading: Reading, lane: number): void {
  const old = reading.open.get(lane);
  if (!old) return;
  giveUpLane(old, reading.credit);
  reading.open.delete(lane);
}

/** Null: another slice was faster, or the lane has ended. */
async function openLane(
  reading: Reading,
  { lane, ifAttempt }: LaneToRead,
  signal: AbortSignal,
): Promise<Opening | null> {
  const { ledger } = reading.deps.target;
  const ref = laneRef(reading, lane);
  const { share } = reading.request;
  const wish = share === undefined ? {} : { epoch: drawEpoch(share.part) };
  const opening = await ledger.openLane(
    { ...ref, ...wish, ...(ifAttempt !== undefined && { ifAttempt }) },
    signal,
  );
  const isOthers = wish.epoch !== undefined && opening.epoch !== wish.epoch;
  return isOthers || opening.ended ? null : opening;
}

async function publishOnce(reading: Reading, toRead: LaneToRead, signal: AbortSignal): Promise<void> {
  const { deps, request, planned } = reading;
  const laneNumber = toRead.lane;
  forgetLane(reading, laneNumber);
  const ref = laneRef(reading, laneNumber);
  const opening = await openLane(reading, toRead, signal);
  if (!opening) return;
  refuseToReadOn(planned.plan, opening);
  // What is read is what the ledger has now: a restored target may have planned the generation another way.
  const { range } = opening;
  if (opening.plan !== planFingerprint(planned.plan))
    throw new SluiceError('database.transient', 'the ledger has another plan of the table', {
      table: request.table,
    });
  const lane: OpenLane = {
    range,
    attempt: opening.attempt,
    epoch: opening.epoch,
    n: 0,
    rows: opening.rows,
    bytes: opening.bytes,
    unapplied: new Map(),
    unanswered: 0,
    done: false,
  };
  reading.open.set(laneNumber, lane);
  const before = { rows: lane.rows, bytes: lane.bytes };
  const blockBytes = Math.min(
    pacedBytes(reading.rates.bytesPerSecond, request.settings.blockBytes),
    // At the least a few bytes: a block ends at the first row end behind them.
    Math.max(1_024, reading.budget.bytesLeft()),
    Math.floor(reading.maxMessageBytes * FILL),
    // The stream takes a few blocks, however small the credit: one that never fits would wait for ever.
    Math.floor(streamBytes(request.spec) / 4),
  );
  const endTurn = await reading.turns.take(signal);
  if (!endTurn) return;
  const { overdue } = reading.control;
  const onWaiting = (): void => reading.control.progress();
  const stored = await publishLane(
    {
      allRead: endTurn,
      reader: deps.source.reader,
      publisher: reading.publisher,
      credit: reading.credit,
      observer: deps.observer,
      pass: (rows, bytes, passing) => reading.limit.pass({ rows, bytes, overdue, onWaiting }, passing),
      progress: onWaiting,
      budget: reading.budget,
      overdue,
    },
    {
      ref,
      plan: planned.plan,
      range,
      opening,
      lane,
      maxMessageBytes: reading.maxMessageBytes,
      window: publishWindow(request.readers * blockBytes),
      options: {
        blockBytes,
        blockRows: pacedRows(reading.rates.rowsPerSecond, request.spec.read?.blockRows ?? DEFAULTS.blockRows),
        mostRowBytes: streamBytes(request.spec),
        snapshot: request.snapshot,
      },
    },
    signal,
  ).finally(endTurn);
  reading.published.rows += lane.rows - before.rows;
  reading.published.bytes += lane.bytes - before.bytes;
  if (!stored) return;
  await deps.hub
    .control(request)
    .announce(
      {
        kind: 'range-end',
        table: request.table,
        generation: planned.generation,
        lane: laneNumber,
        rows: lane.rows,
      },
      signal,
    )
    .catch(() => undefined); // a hint only
}

const ensureHub = ({ deps, request, ending }: Reading): Promise<unknown> =>
  deps.hub.topics.ensure(request, { maxBytes: streamBytes(request.spec) }, ending.signal);

/** Publishes a lane to its end; after a lost stream or an interruption it is read again from where the ledger stands. */
async function publishUntilStored(reading: Reading, toRead: LaneToRead): Promise<void> {
  const ending = reading.ending.signal;
  const { lane } = toRead;
  while (!ending.aborted) {
    const interrupt = new AbortController();
    reading.interrupts.set(lane, interrupt);
    const signal = AbortSignal.any([ending, interrupt.signal]);
    setMaxListeners(0, signal); // each unanswered publish listens: as many as the window, not a leak
    try {
      // Opened a second time it is this slice's own.
      await publishOnce(reading, reading.open.has(lane) ? { lane } : toRead, signal);
      if (!signal.aborted) return;
    } catch (error) {
      if (ending.aborted) return;
      if (interrupt.signal.aborted) continue;
      if (!isSluiceError(error) || error.code !== 'hub.stream_lost') throw error;
      reading.deps.observer.reopened(reading.request.table, 'stream-lost');
      await ensureHub(reading);
    } finally {
      reading.interrupts.delete(lane);
    }
  }
}

async function readLanes(reading: Reading, watch: LaneWatch): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let lane = await watch.nextLane(); lane !== null; lane = await watch.nextLane()) {
      await publishUntilStored(reading, lane);
      watch.published(lane.lane);
    }
  };
  const failures: unknown[] = [];
  const guard = async (work: Promise<void>): Promise<void> => {
    await work.catch((error: unknown) => {
      // Once the slice ends, what is interrupted may reject: the first failure is the reason, or there is none.
      if (!reading.ending.signal.aborted) failures.push(error);
      reading.ending.abort();
    });
  };
  const watching = watch.run().then(() => reading.ending.abort());
  await Promise.all([
    guard(watching),
    ...Array.from({ length: LANES_A_READER * reading.request.readers }, () => guard(worker())),
  ]);
  if (failures.length > 0) throw failures[0];
}

const unended = (lanes: readonly LaneProgress[]): readonly LaneProgress[] =>
  lanes.filter((lane) => !lane.ended);

function ratesOf({ settings, rateShare = 1 }: ReadRequest): Rates {
  const { ratePerSecond, bytesPerSecond = 0 } = settings;
  return { rowsPerSecond: ratePerSecond * rateShare, bytesPerSecond: bytesPerSecond * rateShare };
}

/** Over for all that begins something new once the budget is spent, and for good: what is given back is the next slice's. */
function untilSpent(control: SliceControl, budget: ReadBudget): SliceControl {
  let over = false;
  return { ...control, overdue: () => (over ||= control.overdue() || budget.isSpent()) };
}

interface Opened {
  readonly planned: PlannedTable;
  readonly lanes: readonly LaneProgress[];
  readonly left: ReadUntil;
}

/** What there is to read of the table, and how much of it may be; or why nothing is. */
async function openTable(
  { target }: ReadDeps,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Opened | 'ended' | 'limit'> {
  const { transfer, run, table, until } = request;
  const planned = await target.ledger.readTable(transfer, run, table, signal);
  if (!planned) throw new SluiceError('internal', 'the table is not planned in this run', { table });
  if (unended(await target.ledger.lanes(transfer, run, table, signal)).length === 0) return 'ended';
  const left = until === undefined ? {} : await fenceAndCount(target.ledger, request, until, signal);
  if (left.rows === 0 || left.bytes === 0) return 'limit';
  return { planned, lanes: await target.ledger.lanes(transfer, run, table, signal), left };
}

async function readOpened(reading: Reading, lanes: readonly LaneProgress[]): Promise<ReadResult['why']> {
  const watch = createLaneWatch({
    ...reading,
    control: untilSpent(reading.control, reading.budget),
    lanes,
    signal: reading.ending.signal,
    interrupt: (lane) => reading.interrupts.get(lane)?.abort(),
    ensureHub: () => ensureHub(reading),
  });
  try {
    await readLanes(reading, watch);
  } finally {
    await reading.publisher.close();
  }
  if (watch.allEnded()) return 'ended';
  if (watch.shareEnded()) return 'share-ended';
  return reading.control.stop.aborted ? 'stopped' : 'budget';
}

/**
 * Reads what the ledger does not hold of a table and publishes it, until the ledger holds all of it.
 *
 * Reading and publishing are one piece of work because rows lie between them. Every lane is opened before it is read,
 * which fences whoever read it before (invariant 8). What the hub loses shows as a lane without progress and is read
 * again (invariant 5). Safe to call at any time and as often as one likes, also twice at once; with `until` a second one that
 * runs at once may read on for a moment.
 * @throws SluiceError source.*, database.*, hub.*; never an abort error
 */
export async function readAndPublish(
  deps: ReadDeps,
  request: ReadRequest,
  control: SliceControl,
): Promise<ReadResult> {
  const full: Required<ReadDeps> = { observer: silentObserver, clock: systemClock, ...deps };
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const end = (): void => ending.abort();
  control.stop.addEventListener('abort', end, { once: true });
  if (control.stop.aborted) end();
  const result = { rows: 0, bytes: 0 };
  try {
    const opened = await openTable(full, request, ending.signal);
    if (typeof opened === 'string') return { why: opened, ...result };
    const maxMessageBytes = await full.hub.topics.maxMessageBytes(ending.signal);
    const share = Math.min(1, request.readers / request.settings.readers);
    const rates = ratesOf(request);
    const limit = createRateLimit(rates, full.clock);
    // A slice of its own length: the next one could only begin again.
    const inOne = isReadInOne(opened.planned.plan);
    const reading: Reading = {
      deps: full,
      request,
      control: inOne ? { ...control, overdue: () => false } : control,
      planned: opened.planned,
      publisher: await full.hub.publisher(request),
      credit: createCredit(
        Math.max(1, Math.floor((request.spec.read?.creditBytes ?? DEFAULTS.creditBytes) * share)),
      ),
      maxMessageBytes,
      limit,
      rates,
      budget: createReadBudget(opened.left, request.readers, inOne),
      open: new Map(),
      turns: createTurns(request.readers),
      interrupts: new Map(),
      ending,
      published: result,
    };
    const why = await readOpened(reading, opened.lanes);
    const owedMs = limit.owedMs();
    return { why, ...result, ...(owedMs > 0 && { owedMs }) };
  } catch (error) {
    if (control.stop.aborted) return { why: 'stopped', ...result };
    throw error;
  } finally {
    control.stop.removeEventListener('abort', end);
    ending.abort();
  }
}
