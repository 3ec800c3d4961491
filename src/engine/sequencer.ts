import type { Batch } from '../model/batch.ts';
import { laneKey } from '../model/lane.ts';
import type { Applied } from './apply-batch.ts';
import type { Clock } from './clock.ts';
import type { Handled } from './ports/hub.ts';

interface Waiting {
  readonly batch: Batch;
  readonly settle: (outcome: Handled | Promise<Handled>) => void;
  readonly since: number;
}

interface LaneState {
  attempt: number;
  /** Batches of the attempt that the ledger is known to hold; null until it was asked. */
  applied: number | null;
  busy: boolean;
  readonly waiting: Map<number, Waiting>;
  movedAt: number;
  gapTold: number;
}

export interface SequencerOptions {
  readonly clock: Clock;
  readonly writers: number;
  /** A batch that waits longer for its predecessor is tried against the ledger, which may know more, then sent back. */
  readonly patienceMs: number;
  /** A gap that stands this long without progress of its lane is told once an attempt. */
  readonly gapMs: number;
  /** Behind a gap that stands this long batches are dropped: the record supplies them again (invariant 3). */
  readonly giveUpMs: number;
  readonly apply: (batch: Batch) => Promise<Applied>;
  readonly onGap: (batch: Batch) => void;
}

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

  const newAttempt = (state: LaneState, attempt: number): void => {
    for (const entry of state.waiting.values()) entry.settle('dropped');
    state.waiting.clear();
    state.attempt = attempt;
    state.applied = null;
    state.movedAt = clock.now();
  };

  const learn = (state: LaneState, attempt: number, result: Applied): void => {
    if (state.attempt !== attempt || !result.lane) return;
    if (result.lane.attempt > state.attempt) {
      newAttempt(state, result.lane.attempt);
    }
    if (result.lane.attempt !== state.attempt) return;
    if (state.applied === null || result.lane.n > state.applied) {
      state.applied = result.lane.n;
      state.movedAt = clock.now();
    }
  };

  const tooEarly = (state: LaneState): Handled =>
    clock.now() - state.movedAt >= options.giveUpMs ? 'dropped' : 'later';

  const run = async (state: LaneState, entry: Waiting): Promise<void> => {
    const { n, attempt } = entry.batch.header;
    state.waiting.delete(n);
    state.busy = true;
    await takeTurn();
    try {
      const result = await options.apply(entry.batch);
      learn(state, attempt, result);
      entry.settle(result.outcome === 'later' ? tooEarly(state) : result.outcome);
      if (result.outcome === 'applied' && entry.batch.header.end) lanes.delete(laneKey(entry.batch.header));
    } catch (error) {
      entry.settle(Promise.reject(error));
    } finally {
      giveTurn();
      state.busy = false;
      pump(state);
    }
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
    if (now - state.movedAt >= options.gapMs && state.gapTold !== state.attempt) {
      state.gapTold = state.attempt;
      options.onGap(first.batch);
    }
    void run(state, first);
  };

  const stateOf = (batch: Batch): LaneState => {
    const key = laneKey(batch.header);
    const { attempt } = batch.header;
    const state = lanes.get(key) ?? {
      attempt,
      applied: null,
      busy: false,
      waiting: new Map<number, Waiting>(),
      movedAt: clock.now(),
      gapTold: 0,
    };
    lanes.set(key, state);
    return state;
  };

  return {
    /** Settles when the batch is applied, found applied already, or sent back. Rejects with the error of `apply`. */
    submit(batch: Batch): Promise<Handled> {
      const state = stateOf(batch);
      const { attempt, n } = batch.header;
      if (attempt < state.attempt) return Promise.resolve('dropped');
      if (attempt > state.attempt) newAttempt(state, attempt);
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
      for (const state of lanes.values()) {
        for (const entry of state.waiting.values()) entry.settle('later');
        state.waiting.clear();
      }
    },
    running: (): number => running,
  };
}
export type Sequencer = ReturnType<typeof createSequencer>;
