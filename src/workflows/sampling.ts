import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Sample } from '../activities/contract.ts';
import type { Control } from './control.ts';
import { type ControlState, isMoving, sumOf, type TableRecord } from './control-state.ts';
import { isChanges } from './relay-moves.ts';

/** The first minute as often as reports are wanted, then seldom: each sample costs the history about eight events. */
const OFTEN = 6;
const SOMETIMES = 16;
const SOMETIMES_MS = 30_000;
const SELDOM_MS = 60_000;
/** Changes that are as young as this are the present: what is made after the catching up is made. */
const CAUGHT_UP_MS = 10_000;
/** While a stopped transfer drains, the end is near. */
const DRAINING_MS = 1_000;

function intervalMs(control: Control): number {
  const { state } = control;
  const wished = state.prepared?.reportingIntervalMs ?? SOMETIMES_MS;
  if (state.stopping !== null) return DRAINING_MS;
  if (state.samples < OFTEN) return wished;
  return Math.max(wished, state.samples < SOMETIMES ? SOMETIMES_MS : SELDOM_MS);
}

/**
 * Whether all that is pending came after the rows were copied: rows are of then, and changes of before take them back to states that the
 * source never had, of which a unique index may refuse one.
 */
const isPresent = ({ copiedAtMs }: ControlState, lagMs: number, nowMs: number): boolean =>
  lagMs <= CAUGHT_UP_MS && typeof copiedAtMs === 'number' && lagMs < nowMs - copiedAtMs;

/** Noted before it is asked what is pending. */
function noteCopied({ state }: Control): void {
  const isCopying = state.tables.some((table) => !isChanges(table) && isMoving(table));
  state.copiedAtMs = isCopying ? null : (state.copiedAtMs ?? Date.now());
}

/**
 * What the ledger and the hub say now becomes what the status shows.
 * @param isQuiet  nothing was being published any more when the question was asked
 */
export function learn(control: Control, sample: Sample, nowMs: number, isQuiet = false): void {
  const { state } = control;
  const before = state.sample;
  const seconds = before ? (nowMs - before.atMs) / 1000 : (nowMs - state.startedAtMs) / 1000;
  const rate = (now: number, then: number): number => (seconds > 0 ? Math.max(0, (now - then) / seconds) : 0);
  state.sample = {
    atMs: nowMs,
    rows: sample.rows,
    bytes: sample.bytes,
    backlogMessages: sample.backlog.messages,
    backlogBytes: sample.backlog.messages === 0 ? 0 : sample.backlog.bytes,
    backlogMaxBytes: sample.backlog.maxBytes,
    creditBytes: sample.creditBytes,
    rowsPerSecond: rate(sample.rows, before?.rows ?? 0),
    bytesPerSecond: rate(sample.bytes, before?.bytes ?? 0),
    movedAtMs: before && before.rows === sample.rows ? before.movedAtMs : nowMs,
    quietSinceMs: isQuiet ? (before?.quietSinceMs ?? nowMs) : null,
    ...(sample.pending && { pending: sample.pending }),
    ...(sample.parked && { parked: sample.parked }),
    ...(sample.drift && { drift: sample.drift }),
    warnings: (sample.warnings ?? []).filter((warning) => !state.warnings.includes(warning)),
  };
  state.samples += 1;
  const isRelaying = state.tables.some((table) => isChanges(table) && table.status === 'copying');
  if (isRelaying && sample.pending && isPresent(state, sample.pending.lagMs, nowMs)) state.caughtUp = true;
  for (const told of sample.tables) {
    const table = control.table(told.table);
    if (!table || told.generation < table.generation) continue;
    Object.assign(table, {
      lanes: told.lanes,
      endedLanes: told.endedLanes,
      rows: told.rows,
      bytes: told.bytes,
    });
  }
  control.touch();
}

/** The answer stays small, however many tables a transfer has. */
const SAMPLED_TABLES = 500;

const moving = (control: Control): readonly string[] => {
  const { tables } = control.state;
  // Those that wait have not moved since they were planned.
  const sampled =
    tables.length <= SAMPLED_TABLES ? isMoving : ({ status }: TableRecord) => status === 'copying';
  return tables
    .filter((table) => sampled(table) || table.status === 'copied' || table.status === 'finishing')
    .slice(0, SAMPLED_TABLES)
    .map((table) => table.id);
};

/** Samples ledger and hub until its scope is cancelled; never fails the transfer. */
export async function keepSampling(control: Control): Promise<void> {
  try {
    for (;;) {
      const stopping = control.state.stopping;
      await condition(() => control.state.stopping !== stopping, intervalMs(control));
      if (control.mode() === 'halt') {
        await condition(() => control.mode() !== 'halt');
        continue;
      }
      await sampleOnce(control);
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}

/**
 * What slices that have ended moved to topics. Asked before the sample is: one that ends meanwhile is counted by the next one, not by
 * both. Rows that were loaded are among the events that lanes move.
 */
const movedBefore = ({ state }: Control): { readonly rows: number; readonly bytes: number } =>
  sumOf(state.tables.filter(isChanges));

/** @param tables  those whose own counts are wanted */
export async function sampleOnce(
  control: Control,
  tables: readonly string[] = moving(control),
): Promise<void> {
  try {
    const { changes } = control.state.prepared ?? {};
    const request = {
      ...control.runKey(),
      tables,
      ...(changes && { changes: true }),
      ...(changes?.toTopics && { topics: true }),
    };
    const isQuiet = control.isQuiet();
    noteCopied(control);
    const ended = changes?.toTopics ? movedBefore(control) : { rows: 0, bytes: 0 };
    const sample = await control.queues.control.sampleProgress(request);
    const [rows, bytes] = [ended.rows + sample.rows, ended.bytes + sample.bytes];
    learn(control, { ...sample, rows, bytes }, Date.now(), isQuiet);
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    control.warn('progress could not be sampled; the numbers are old');
  }
}
