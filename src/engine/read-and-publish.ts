import { setMaxListeners } from 'node:events';
import type { LaneProgress, LaneRef, Opening, Share } from '../model/lane.ts';
import { isSluiceError, SluiceError } from '../model/sluice-error.ts';
import { DEFAULTS, type TransferSettings, type TransferSpec } from '../model/transfer-spec.ts';
import { systemClock, type Clock } from './clock.ts';
import { createCredit, type Credit } from './credit.ts';
import { drawEpoch } from './epoch.ts';
import { planFingerprint } from './fingerprint.ts';
import { giveUpLane, publishLane, type OpenLane } from './lane-publisher.ts';
import type { LaneToRead } from './lane-share.ts';
import { createLaneWatch, type LaneWatch } from './lane-watch.ts';
import { silentObserver, type Observer } from './observer.ts';
import type { Database } from './ports/dialect.ts';
import type { Hub, Publisher } from './ports/hub.ts';
import type { PlannedTable } from './ports/ledger.ts';
import type { SnapshotRef } from './ports/source-reader.ts';
import { createRateLimit, pacedRows } from './rate-limit.ts';
import { streamBytes } from './prepare-transfer.ts';
import type { ReadResult, SliceControl } from './slice.ts';
import { createTurns, type Turns } from './turns.ts';

export interface ReadDeps {
  readonly source: Pick<Database, 'reader'>;
  readonly target: Pick<Database, 'ledger'>;
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
  readonly pass: (rows: number, signal: AbortSignal) => Promise<void>;
  /** This slice's share of the transfer's rate; 0: no limit. */
  readonly ratePerSecond: number;
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
    request.settings.blockBytes,
    Math.floor(reading.maxMessageBytes * FILL),
    // The stream takes a few blocks, however small the credit: one that never fits would wait for ever.
    Math.floor(streamBytes(request.spec) / 4),
  );
  const endTurn = await reading.turns.take(signal);
  if (!endTurn) return;
  const stored = await publishLane(
    {
      allRead: endTurn,
      reader: deps.source.reader,
      publisher: reading.publisher,
      credit: reading.credit,
      observer: deps.observer,
      pass: reading.pass,
      overdue: reading.control.overdue,
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
        blockRows: pacedRows(reading.ratePerSecond, request.spec.read?.blockRows ?? DEFAULTS.blockRows),
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

/**
 * Reads what the ledger does not hold of a table and publishes it, until the ledger holds all of it.
 *
 * Reading and publishing are one piece of work because rows lie between them. Every lane is opened before it is read,
 * which fences whoever read it before (invariant 8). What the hub loses shows as a lane without progress and is read
 * again (invariant 5). Safe to call at any time and as often as one likes, also twice at once.
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
    const planned = await full.target.ledger.readTable(
      request.transfer,
      request.run,
      request.table,
      ending.signal,
    );
    if (!planned)
      throw new SluiceError('internal', 'the table is not planned in this run', { table: request.table });
    const lanes = await full.target.ledger.lanes(request.transfer, request.run, request.table, ending.signal);
    if (unended(lanes).length === 0) return { why: 'ended', ...result };
    const maxMessageBytes = await full.hub.topics.maxMessageBytes(ending.signal);
    const publisher = await full.hub.publisher(request);
    const share = Math.min(1, request.readers / request.settings.readers);
    const ratePerSecond = Math.ceil(request.settings.ratePerSecond * share);
    const limit = createRateLimit(ratePerSecond, full.clock);
    const reading: Reading = {
      deps: full,
      request,
      control,
      planned,
      publisher,
      credit: createCredit(
        Math.max(1, Math.floor((request.spec.read?.creditBytes ?? DEFAULTS.creditBytes) * share)),
      ),
      maxMessageBytes,
      pass: (rows, signal) => limit.pass(rows, signal),
      ratePerSecond,
      open: new Map(),
      turns: createTurns(request.readers),
      interrupts: new Map(),
      ending,
      published: result,
    };
    const watch = createLaneWatch({
      ...reading,
      lanes,
      signal: ending.signal,
      interrupt: (lane) => reading.interrupts.get(lane)?.abort(),
      ensureHub: () => ensureHub(reading),
    });
    try {
      await readLanes(reading, watch);
    } finally {
      await publisher.close();
    }
    if (watch.allEnded()) return { why: 'ended', ...result };
    if (watch.shareEnded()) return { why: 'share-ended', ...result };
    return { why: control.stop.aborted ? 'stopped' : 'budget', ...result };
  } catch (error) {
    if (control.stop.aborted) return { why: 'stopped', ...result };
    throw error;
  } finally {
    control.stop.removeEventListener('abort', end);
    ending.abort();
  }
}
