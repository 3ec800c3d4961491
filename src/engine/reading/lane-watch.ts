import type { LaneProgress } from '../../model/lane.ts';
import { DEFAULTS } from '../../model/transfer-spec.ts';
import type { Credit } from './credit.ts';
import { createLaneShare, type LaneToRead } from './lane-share.ts';
import { giveUpLane, type OpenLane } from './lane-publisher.ts';
import type { ReadDeps, ReadRequest } from './read-and-publish.ts';
import { leaseLost } from '../capture/lane-errors.ts';
import type { ReopenReason } from '../observer.ts';
import type { SourceReader } from '../ports/source-reader.ts';
import type { SliceControl } from '../slice.ts';

/** While somebody waits for credit or for the end the ledger is asked this often, otherwise less. */
const BUSY_POLL_MS = 40;
const IDLE_POLL_MS = 250;
/** Without progress of the table for this long the hub is asked whether it still has what was published. */
const DOUBT_MS = 1_000;
/** Everything is delivered, nothing is acknowledged and no lane of the table moved: read it again. */
const STUCK_MS = 45_000;
/** A slice whose time is up waits for what it published to be applied, while it is: the next one would read it again. */
const SETTLE_MS = 3_000;

export interface LaneWatchOptions {
  readonly deps: Required<ReadDeps>;
  readonly request: ReadRequest;
  readonly control: SliceControl;
  readonly planned: { readonly generation: number };
  readonly credit: Credit;
  readonly open: ReadonlyMap<number, OpenLane>;
  readonly lanes: readonly LaneProgress[];
  readonly signal: AbortSignal;
  /** Ends the publishing of a lane, which then opens it anew. */
  readonly interrupt: (lane: number) => void;
  /** Makes a lost stream again. */
  readonly ensureHub: () => Promise<unknown>;
}

const isSettled = (lanes: LaneWatchOptions['open'], idleMs: number): boolean =>
  idleMs >= SETTLE_MS || [...lanes.values()].every(({ unapplied }) => unapplied.size === 0);

const hasMoved = (before: LaneProgress | undefined, now: LaneProgress): boolean =>
  !before || before.n !== now.n || before.attempt !== now.attempt || before.ended !== now.ended;

/** A range without an end may have nothing to say for hours: then there is nothing that the hub could have lost. */
const isQuiet = (reader: SourceReader, stored: readonly OpenLane[]): boolean =>
  reader.isDrained !== undefined && stored.length === 0;

/**
 * Who reads without an end is told how much of it is applied.
 * @throws SluiceError capture.lease_lost where somebody else opened the lane since: nothing of ours is applied any more, and the reader
 * may wait for just that, before it would ask its source
 */
function tellApplied(
  reader: SourceReader,
  {
    mine,
    lane,
    transfer,
  }: { readonly mine: OpenLane | undefined; readonly lane: LaneProgress; readonly transfer: string },
): void {
  if (!reader.applied || !mine) return;
  if (mine.attempt < lane.attempt && !lane.ended) throw leaseLost({ transfer, lane: lane.lane });
  if (mine.attempt === lane.attempt && mine.epoch === lane.epoch) reader.applied(lane.lane, lane.n);
}

/** Gives the credit back of what the ledger holds by now. */
function settle(mine: OpenLane | undefined, lane: LaneProgress, credit: Credit): void {
  if (!mine) return;
  for (const [n, bytes] of mine.unapplied) {
    // The answer may be older than the opening: then it says nothing of what was published since.
    if (!lane.ended && (lane.attempt < mine.attempt || (lane.attempt === mine.attempt && n > lane.n)))
      continue;
    mine.unapplied.delete(n);
    credit.give(bytes);
  }
}

/**
 * Watches the ledger for the lanes of one table: gives credit back for what is applied, hands out lanes to read, and
 * finds those whose messages the hub no longer has.
 */
export function createLaneWatch(options: LaneWatchOptions) {
  const { deps, request, control, credit, open } = options;
  const { clock, observer } = deps;
  const known = new Map(options.lanes.map((lane) => [lane.lane, lane]));
  const share = createLaneShare(request.share);
  const queue = share.inOrder(options.lanes);
  const reading = new Set<number>();
  const sleepers = new Set<() => void>();
  let movedAt = clock.now();
  /** A newer generation of the table stands in the ledger: this slice's lanes are nobody's any more. */
  let superseded = false;

  /** Nothing that is not ended is, or could become, this slice's. */
  const shareEnded = (): boolean => ![...known.values()].some(share.isWanted);
  const wake = (): void => {
    for (const resolve of sleepers) resolve();
    sleepers.clear();
  };
  // Who waits for a lane must not outwait the watch: nobody would wake it any more after an error of the ledger.
  options.signal.addEventListener('abort', wake, { once: true });

  const readAgain = (lane: number, mine: OpenLane | undefined, why: ReopenReason): void => {
    observer.reopened(request.table, why);
    movedAt = clock.now();
    if (reading.has(lane)) options.interrupt(lane);
    else if (!queue.includes(lane)) {
      queue.push(lane);
      // Now, not when it is opened: the reader that could open it may be waiting for this very credit.
      if (mine) giveUpLane(mine, credit);
    }
    wake();
  };

  /**
   * The target was restored to before what the ledger said already, so that nobody would read again what it took back.
   * `mine` was open before the ledger was asked: an older answer would say nothing.
   */
  const isRestored = (lane: LaneProgress, mine: OpenLane | undefined): boolean =>
    share.isWanted(lane) &&
    !queue.includes(lane.lane) &&
    ((known.get(lane.lane)?.ended === true && !lane.ended) ||
      (mine !== undefined && lane.attempt < mine.attempt));

  const poll = async (): Promise<void> => {
    const openBefore = new Map(open);
    const lanes = await deps.target.ledger.lanes(
      request.transfer,
      request.run,
      request.table,
      options.signal,
    );
    superseded ||= lanes.some((lane) => lane.generation !== options.planned.generation);
    if (superseded) return;
    let rowsRead = 0;
    let bytesRead = 0;
    for (const lane of lanes) {
      if (hasMoved(known.get(lane.lane), lane)) movedAt = clock.now();
      const mine = open.get(lane.lane);
      const restored = isRestored(lane, openBefore.get(lane.lane) === mine ? mine : undefined);
      known.set(lane.lane, lane);
      settle(mine, lane, credit);
      tellApplied(deps.source.reader, { mine, lane, transfer: request.transfer });
      if (restored) readAgain(lane.lane, mine, 'restored');
      rowsRead += Math.max(lane.rows, mine?.rows ?? 0);
      bytesRead += Math.max(lane.bytes, mine?.bytes ?? 0);
    }
    // What an earlier slice of this part opened while this one had begun already is taken up when nothing else is left.
    if (request.share && queue.length === 0 && reading.size === 0)
      queue.push(...share.inOrder(lanes.filter(({ lane }) => !open.has(lane))));
    if (clock.now() - movedAt < DOUBT_MS) control.progress({ table: request.table, rowsRead, bytesRead });
    observer.window(
      request.table,
      credit.usedBytes() / (request.spec.read?.creditBytes ?? DEFAULTS.creditBytes),
    );
  };

  /** Asks the hub first and the ledger after: what was acknowledged before is committed by then. */
  const doubt = async (): Promise<void> => {
    const idleMs = clock.now() - movedAt;
    if (idleMs < DOUBT_MS) return;
    const isStuck = idleMs >= STUCK_MS;
    // What is on its way now, or is published after the question, the hub cannot have counted. For long on its way is
    // what a full hub does not take: it may be full of what only this lane's next attempt makes superfluous.
    const stored = [...open.values()].filter(
      (lane) => (isStuck || lane.unanswered === 0) && (lane.unapplied.size > 0 || lane.done),
    );
    if (queue.length === 0 && isQuiet(deps.source.reader, stored)) return;
    const backlog = await deps.hub.topics.backlog(request, options.signal);
    if (backlog.lost) await options.ensureHub();
    const gone = backlog.lost || backlog.messages === 0;
    if (!gone && (backlog.undelivered > 0 || !isStuck)) return;
    await poll();
    if (clock.now() - movedAt < DOUBT_MS) return;
    for (const lane of known.values()) {
      const mine = open.get(lane.lane);
      if (lane.ended || !mine || queue.includes(lane.lane)) continue;
      if (backlog.lost || stored.includes(mine))
        readAgain(lane.lane, mine, backlog.lost ? 'stream-lost' : 'messages-lost');
    }
  };

  const hear = (): Promise<void> =>
    deps.hub.control(request).listen((said) => {
      if (said.kind !== 'gap' || said.table !== request.table) return;
      const mine = open.get(said.lane);
      if (said.generation === options.planned.generation && mine?.attempt === said.attempt)
        readAgain(said.lane, mine, 'gap');
    }, options.signal);

  return {
    /** The ledger holds every range of this generation to its end. */
    allEnded: (): boolean => [...known.values()].every(({ ended }) => ended) && !superseded,
    /** What is left of it is read by the slices of other parts. */
    shareEnded: (): boolean => shareEnded() && !superseded,
    /** The next lane to read, once there is one; null when all have ended, time is up or the signal aborted. */
    async nextLane(): Promise<LaneToRead | null> {
      while (!options.signal.aborted && !shareEnded() && !superseded && !control.overdue()) {
        const standing = known.get(queue.shift() ?? 0);
        if (standing) {
          if (!share.isWanted(standing)) continue; // another part took it meanwhile
          reading.add(standing.lane);
          return open.has(standing.lane) ? { lane: standing.lane } : share.toRead(standing);
        }
        await new Promise<void>((resolve) => sleepers.add(resolve));
      }
      return null;
    },
    published(lane: number): void {
      reading.delete(lane);
      movedAt = clock.now();
    },
    /** Resolves when all lanes have ended, time is up and what was read is applied or stands still, or the signal aborted. */
    async run(): Promise<void> {
      const heard = hear().catch(() => undefined); // hints only
      try {
        while (!options.signal.aborted && !shareEnded() && !superseded) {
          if (control.overdue() && reading.size === 0 && isSettled(open, clock.now() - movedAt)) break;
          const waiting = credit.hasWaiters() || (queue.length === 0 && reading.size === 0);
          await clock.sleep(waiting ? BUSY_POLL_MS : IDLE_POLL_MS, options.signal);
          if (options.signal.aborted) break;
          await poll();
          if (!shareEnded() && !superseded) await doubt();
          wake();
        }
      } finally {
        wake();
        void heard;
      }
    },
  };
}
export type LaneWatch = ReturnType<typeof createLaneWatch>;
