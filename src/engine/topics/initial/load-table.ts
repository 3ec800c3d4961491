import { type Clock, systemClock } from '../../clock.ts';
import type { ChangeCapture } from '../../ports/change-capture.ts';
import type { InitialLoad, WantedLoad } from '../../ports/initial-load.ts';
import { createRateLimit } from '../../reading/rate-limit.ts';
import type { SliceControl } from '../../slice.ts';
import { createPace } from './chunk-pace.ts';

export interface LoadTableDeps {
  readonly loads: InitialLoad;
  readonly changes: Pick<ChangeCapture, 'backlog'>;
  readonly clock?: Clock;
}

export interface LoadTableRequest {
  readonly wanted: WantedLoad;
  /** Rows that may be loaded in a second; 0: no limit. */
  readonly rowsPerSecond: number;
}

export interface LoadTableResult {
  /** `loaded`: all existing rows are events; `superseded`: somebody began it anew. */
  readonly why: 'loaded' | 'superseded' | 'stopped' | 'budget';
  /** Of this slice. */
  readonly rows: number;
}

/**
 * The load waits while so many events are pending: the staging table of the application holds this much of a table that is loaded and
 * not all of it, and a change waits behind so many rows at most.
 */
const MOST_PENDING = 100_000;
const ASK_EVERY_MS = 500;
const FULL_WAIT_MS = 200;

/** Whether the load is to wait, asked now and then: what is pending is told by a look at the source. */
function createBrake({ changes, clock = systemClock }: LoadTableDeps, transfer: string) {
  let askedAtMs = -Infinity;
  let isFull = false;
  return async (signal: AbortSignal): Promise<boolean> => {
    if (!isFull && clock.now() - askedAtMs < ASK_EVERY_MS) return false;
    isFull = (await changes.backlog(transfer, signal)).events >= MOST_PENDING;
    askedAtMs = clock.now();
    return isFull;
  };
}

/** The average of the planner's estimates; null where it has none. */
const rowBytes = ({ table }: WantedLoad): number | null =>
  table.estimatedRows === null || table.estimatedBytes === null || table.estimatedRows <= 0
    ? null
    : table.estimatedBytes / table.estimatedRows;

/**
 * Writes existing rows of a table as events, chunk by chunk, from where the source has the load: see ports/initial-load.ts. Each chunk is
 * committed with how far it is, so that this may end anywhere, and be called again, also twice at once. Small enough that the application
 * hardly waits, and no faster than its events are taken away.
 * @throws SluiceError capture.*, config.invalid, database.*
 */
export async function loadTable(
  deps: LoadTableDeps,
  { wanted, rowsPerSecond }: LoadTableRequest,
  control: SliceControl,
): Promise<LoadTableResult> {
  const { clock = systemClock } = deps;
  const load = await deps.loads.open(wanted, control.stop);
  const pace = createPace(rowBytes(wanted));
  const rate = createRateLimit({ rowsPerSecond, bytesPerSecond: 0 }, clock);
  const mustWait = createBrake(deps, wanted.transfer);
  const passing = { overdue: control.overdue, onWaiting: () => control.progress() };
  const capped = rowsPerSecond > 0 ? Math.max(1, Math.ceil(rowsPerSecond / 2)) : Infinity;
  for (let rows = 0; ; ) {
    if (control.stop.aborted) return { why: 'stopped', rows };
    if (control.overdue()) return { why: 'budget', rows };
    if (await mustWait(control.stop)) {
      control.progress(); // the relay moves, or says itself that it does not
      await clock.sleep(FULL_WAIT_MS, control.stop);
      continue;
    }
    const beganMs = clock.now();
    const chunk = await load.next(Math.min(pace.rows(), capped), control.stop);
    control.progress();
    rows += chunk.rows;
    if (chunk.state === 'done') return { why: 'loaded', rows };
    if (chunk.state === 'superseded') return { why: 'superseded', rows };
    if (chunk.state === 'held') await clock.sleep(pace.held(), control.stop);
    else {
      pace.took(chunk.tookMs ?? clock.now() - beganMs);
      await rate.pass({ rows: chunk.rows, bytes: 0, ...passing }, control.stop);
    }
  }
}
