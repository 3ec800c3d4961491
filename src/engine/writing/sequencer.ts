import type { Batch, BatchHeader } from '../../model/batch.ts';
import { laneKey } from '../../model/lane.ts';
import type { Applied } from './apply-batch.ts';
import type { Clock } from '../clock.ts';
import type { Handled } from '../ports/hub.ts';

interface Waiting {
  readonly batch: Batch;
  readonly settle: (outcome: Handled | Promise<Handled>) => void;
  readonly since: number;
}

/** What tells one opening of a lane from every other, also where a restored target counts attempts again. */
type OpeningRef = Pick<BatchHeader, 'attempt' | 'epoch'>;

interface LaneState {
  opening: OpeningRef;
  /** Batches of the attempt that the ledger is known to hold; null until it was asked. */
  applied: number | null;
  busy: boolean;
  readonly waiting: Map<number, Waiting>;
  movedAt: number;
  gapTold: string;
}

export interface SequencerOptions {
  readonly clock: Clock;
  readonly writers: number;
  /** A batch that waits longer for its predecessor is tried against the ledger, which may know more, then sent back. */
  readonly patienceMs: number;
  /** A gap that stands this long without progress of its lane is told once an opening. */
  readonly gapMs: number;
  /** Behind a gap that stands this long batches are dropped: the record supplies them again (invariant 3). */
  readonly giveUpMs: number;
  readonly apply: (batch: Batch) => Promise<Applied>;
  readonly onGap: (batch: Batch) => void;
  /** The ledger stands at an older attempt than this batch: the target was restored, and attempts are counted again. */
  readonly onRestored: (batch: Batch) => void;
}

const isSame = (one: OpeningRef, other: OpeningRef): boolean =>
  one.attempt === other.attempt && one.epoch === other.epoch;

/**
 * Puts the batches of each lane into their order and applies lanes side by side, `writers` at once.
 *
 * Within a lane one batch is applied at a time, in the order of n; between lanes there is no order. What comes too early
 * waits here for `patienceMs`, then goes back to the hub. The ledger decides in any case: this is for order without
 * needless transactions, not for correctness.
 */
export function createSequencer(options: SequencerOptions) {
  const { clock } = options;
  const lanes = new Map<string, LaneState>();
  const turns: (() => void)[] = [];
  let running = 0;

  const takeTurn = async (): Promise<void> => {
    if (running < options.writers) running += 1;
    else await new Promise<void>((resolve) => turns.push(resolve));
  };
  /** The turn goes straight to the next that waits, so that never more than `writers` run. */
  const giveTurn = (): void => {
    const next = turns.shift();
    if (next) next();
    else running -= 1;
  };

  const settleWaiting = (state: LaneState, outcome: Handled): void => {
    for (const entry of state.waiting.values()) entry.settle(outcome);
    state.waiting.clear();
  };

  const newOpening = (state: LaneState, { attempt, epoch }: OpeningRef): void => {
    // Of two histories with this attempt the ledger has one, and only it knows which.
    settleWaiting(state, attempt === state.opening.attempt ? 'later' : 'dropped');
    state.opening = { attempt, epoch };
    state.applied = null;
    state.movedAt = clock.now();
  };

  const learn = (state: LaneState, batch: Batch, { lane }: Applied): void => {
    if (!lane || !isSame(state.opening, batch.header)) return;
    if (lane.attempt < batch.header.attempt) options.onRestored(batch);
    // Whatever arrived, the ledger's opening is the one that counts, even an older one.
    if (!isSame(lane, state.opening)) newOpening(state, lane);
    if (state.applied === null || lane.n > state.applied) {
      state.applied = lane.n;
      state.movedAt = clock.now();
    }
  };

  const tooEarly = (state: LaneState): Handled =>
    clock.now() - state.movedAt >= options.giveUpMs ? 'dropped' : 'later';

  const run = async (state: LaneState, entry: Waiting): Promise<void> => {
    state.waiting.delete(entry.batch.header.n);
    state.busy = true;
    await takeTurn();
    try {
      const result = await options.apply(entry.batch);
      learn(state, entry.batch, result);
      entry.settle(result.outcome === 'later' ? tooEarly(state) : result.outcome);
      if (result.outcome === 'applied' && entry.batch.header.end) forget(state, entry.batch);
    } catch (error) {
      entry.settle(Promise.reject(error));
    } finally {
      giveTurn();
      state.busy = false;
      pump(state);
    }
  };

  /** The lane has ended: the ledger wants nothing of what still waits, and nobody looks after it here any more. */
  const forget = (state: LaneState, { header }: Batch): void => {
    settleWaiting(state, 'dropped');
    const key = laneKey(header);
    if (lanes.get(key) === state) lanes.delete(key);
  };

  const pump = (state: LaneState): void => {
    if (state.busy || state.waiting.size === 0) return;
    if (state.applied !== null) {
      for (const [n, entry] of state.waiting) {
        if (n > state.applied) continue;
        state.waiting.delete(n);
        entry.settle('dropped');
      }
    }
    const next = state.applied === null ? Math.min(...state.waiting.keys()) : state.applied + 1;
    const entry = state.waiting.get(next);
    if (entry) void run(state, entry);
  };

  const loseLatePatience = (state: LaneState, now: number): void => {
    const late = [...state.waiting.values()].filter((entry) => now - entry.since >= options.patienceMs);
    const [first] = late.sort((a, b) => a.batch.header.n - b.batch.header.n);
    if (!first || state.busy) return;
    for (const entry of late.slice(1)) {
      state.waiting.delete(entry.batch.header.n);
      entry.settle(tooEarly(state));
    }
    if (now - state.movedAt >= options.gapMs && state.gapTold !== state.opening.epoch) {
      state.gapTold = state.opening.epoch;
      options.onGap(first.batch);
    }
    void run(state, first);
  };

  const stateOf = (batch: Batch): LaneState => {
    const key = laneKey(batch.header);
    const { attempt, epoch } = batch.header;
    const state = lanes.get(key) ?? {
      opening: { attempt, epoch },
      applied: null,
      busy: false,
      waiting: new Map<number, Waiting>(),
      movedAt: clock.now(),
      gapTold: '',
    };
    lanes.set(key, state);
    return state;
  };

  return {
    /** Settles when the batch is applied, found applied already, or sent back. Rejects with the error of `apply`. */
    submit(batch: Batch): Promise<Handled> {
      const state = stateOf(batch);
      const { attempt, n } = batch.header;
      if (attempt < state.opening.attempt) return Promise.resolve('dropped');
      if (!isSame(batch.header, state.opening)) newOpening(state, batch.header);
      if (state.waiting.has(n)) return Promise.resolve('later');
      return new Promise((settle) => {
        state.waiting.set(n, { batch, settle, since: clock.now() });
        pump(state);
      });
    },
    /** Looks after what waits; call it a few times a second. */
    tick(): void {
      const now = clock.now();
      for (const state of lanes.values()) loseLatePatience(state, now);
    },
    /** Sends back all that waits for a predecessor and drops what is known of these lanes. */
    release(): void {
      for (const state of lanes.values()) settleWaiting(state, 'later');
    },
    running: (): number => running,
  };
}
export type Sequencer = ReturnType<typeof createSequencer>;
