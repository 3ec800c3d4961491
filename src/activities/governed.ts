import { ApplicationFailure, Context } from '@temporalio/activity';
import type { SliceControl, SliceDetail } from '../engine/slice.ts';
import { SluiceError } from '../model/sluice-error.ts';
import type { ActivityLog } from './contract.ts';
import { toFailure } from './failure.ts';

/**
 * Cancellation reaches an activity only in the answer to a heartbeat, so it beats more often than there are batches.
 * The worker sends two beats a second at most (workers/main.ts).
 */
const HEARTBEAT_EVERY_MS = 250;
/** Without progress for so long the slice counts as hung: it stops beating and fails, and another attempt takes over. */
const STALL_AFTER_MS = 5 * 60_000;
/** How long a hung slice may still take to end by itself after it was told to. */
const STALL_GRACE_MS = 10_000;

export interface Governance<T> {
  readonly log: ActivityLog;
  /** Time after which the slice ends at the next batch; without one it never does. */
  readonly budgetMs?: number;
  readonly stallAfterMs?: number;
  /** What is returned when the work was interrupted and threw instead of returning what it had. */
  readonly partial?: () => T;
}

type Interruption = 'end' | 'throw';

/** What to do about an aborted context: end normally with what there is, or hand Temporal its own reason back. */
function interruption(context: Context): Interruption | null {
  if (!context.cancellationSignal.aborted) return null;
  const details = context.cancellationDetails;
  // Returning on a pause or reset would complete the activity, and the workflow would start the next slice at once.
  return details?.cancelRequested || details?.workerShutdown ? 'end' : 'throw';
}

/**
 * Runs an activity's work under Temporal's rules, for all activities alike.
 *
 * Cancellation by the workflow and shut-down of the worker end the work at the next batch, and it *returns* what it
 * has. Temporal's own pause, reset and time-out throw Temporal's reason. No abort or driver error leaves after an
 * abort: the server refuses those and the activity would hang. Heartbeats stop when nothing moves (`progress`).
 */
export async function governed<T>(
  options: Governance<T>,
  work: (control: SliceControl) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const stop = new AbortController();
  const startedMs = performance.now();
  const life = watchLife(context, stop, options.stallAfterMs ?? STALL_AFTER_MS);
  const onAbort = (): void => stop.abort();
  context.cancellationSignal.addEventListener('abort', onAbort, { once: true });
  if (context.cancellationSignal.aborted) onAbort();
  const control: SliceControl = {
    stop: stop.signal,
    overdue: () => options.budgetMs !== undefined && performance.now() - startedMs >= options.budgetMs,
    progress: life.progress,
  };
  try {
    const result = await Promise.race([work(control), life.stalled]);
    if (interruption(context) === 'throw') throw context.cancellationSignal.reason;
    if (life.hasStalled()) throw life.stall;
    return result;
  } catch (error) {
    const interrupted = interruption(context);
    if (interrupted === 'throw') throw context.cancellationSignal.reason;
    if (interrupted === 'end') {
      if (options.partial) return options.partial();
      throw context.cancellationDetails?.cancelRequested ? context.cancellationSignal.reason : shutDown();
    }
    throw toFailure(error, options.log);
  } finally {
    context.cancellationSignal.removeEventListener('abort', onAbort);
    life.end();
  }
}

/** Makes Temporal try again, on another worker. */
const shutDown = (): ApplicationFailure => ApplicationFailure.retryable('the worker shut down', 'internal');

/** The heartbeat ticker, which beats only while there was progress of late. */
function watchLife(context: Context, stop: AbortController, stallAfterMs: number) {
  let progressed = 0;
  let lastMs = performance.now();
  const stall = new SluiceError('stalled', `nothing moved for ${Math.round(stallAfterMs / 1000)} s`);
  let grace: NodeJS.Timeout | undefined;
  let fail: (error: Error) => void = () => undefined;
  const stalled = new Promise<never>((_, reject) => (fail = reject));
  stalled.catch(() => undefined);
  let detail: SliceDetail | undefined;
  // A hint for people and clients; what is copied only the ledger says (invariant 4).
  const beat = (): void => context.heartbeat({ progressed, ...detail });
  const ticker = setInterval(() => {
    if (performance.now() - lastMs < stallAfterMs) {
      beat();
    } else if (!grace) {
      stop.abort();
      grace = setTimeout(() => fail(stall), STALL_GRACE_MS);
    }
  }, HEARTBEAT_EVERY_MS);
  beat();
  return {
    stalled,
    stall,
    hasStalled: (): boolean => grace !== undefined,
    progress: (said?: SliceDetail): void => {
      progressed += 1;
      detail = said ?? detail;
      lastMs = performance.now();
    },
    end: (): void => {
      clearInterval(ticker);
      clearTimeout(grace);
    },
  };
}
