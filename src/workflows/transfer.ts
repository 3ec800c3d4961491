import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  workflowInfo,
} from '@temporalio/workflow';
import type { LoadState } from '../activities/contract.ts';
import { packState, unpackState } from './carry.ts';
import { carryOut } from './carry-out.ts';
import { dropVainWishes } from './check-moves.ts';
import { createControl, type Control } from './control.ts';
import {
  type ControlState,
  endLoad,
  freshState,
  freshTable,
  happen,
  isSettled,
  type TableRecord,
} from './control-state.ts';
import { errorOf } from './failing.ts';
import { registerHandlers } from './handlers.ts';
import { type CheckedInput, checkInput } from './input.ts';
import type { TransferReport } from './messages.ts';
import { watchTime } from './limits.ts';
import { leaveOut } from './left-out.ts';
import { keepSampling, sampleOnce } from './sampling.ts';
import { decide, nextDueMs } from './schedule.ts';
import { createShow } from './show.ts';
import { activitiesOn } from './slices.ts';
import { keepSnapshot } from './snapshot.ts';
import { queueNames, reportOf } from './view.ts';
import { type History, whetherToLeave } from './whether-to-leave.ts';

/** Until the transfer's own is known. */
const FIRST_HEARTBEAT_MS = 30_000;
/** A stopped transfer ends when the hub is empty, or nothing of it moved for so long. */
const DRAIN_PATIENCE_MS = 10_000;
/** The report names at most so many tables. */
const REPORTED_TABLES = 500;

function queuesFor(state: ControlState) {
  const names = queueNames(state);
  const heartbeatTimeoutMs = state.prepared?.heartbeatTimeoutMs ?? FIRST_HEARTBEAT_MS;
  return {
    control: activitiesOn(names.control, heartbeatTimeoutMs),
    source: activitiesOn(names.source, heartbeatTimeoutMs),
    target: activitiesOn(names.target, heartbeatTimeoutMs),
    onlyOn: (taskQueue: string) => activitiesOn(taskQueue, heartbeatTimeoutMs, heartbeatTimeoutMs),
  };
}

/** Existing rows that went to a topic once are not sent again, unless a person wants them. */
function knowLoad(table: TableRecord, { generation, rows, isDone }: LoadState): void {
  Object.assign(table, { generation, rows });
  if (!isDone) return;
  Object.assign(table, { lanes: 1, endedLanes: 1 });
  happen(table, 'planned');
  endLoad(table);
}

async function prepare(control: Control): Promise<void> {
  const { state } = control;
  if (state.prepared !== null) return;
  const { firstExecutionRunId } = workflowInfo();
  const request = { transfer: state.transfer, execution: firstExecutionRunId };
  const summary = `open the run of ${state.transfer}`;
  const { tables, warnings, settings, ...prepared } =
    await control.queues.control.prepareTransfer.executeWithOptions({ summary }, [request]);
  state.prepared = prepared;
  state.settings = { ...settings, ...state.override };
  state.tables = tables.map(({ id, ordinal, load }) => {
    const table = freshTable(id, ordinal);
    if (load) knowLoad(table, load);
    return table;
  });
  for (const warning of [...warnings, ...dropVainWishes(state)]) control.warn(warning);
  if (!prepared.searchAttributes)
    control.warn('this Temporal server has no Sluice search attributes; see sluice doctor');
}

function historyOf(control: Control, nowMs: number): History {
  const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
  const { historyEvents, snapshotInUse } = control.state;
  return {
    events: historyLength,
    bytes: historySize,
    isDue: continueAsNewSuggested || (historyEvents !== null && historyLength > historyEvents),
    snapshotInUse,
    running: control.scene(nowMs).running,
    nowMs,
  };
}

function isDrained({ state }: Control, nowMs: number): boolean {
  const { sample, stopping } = state;
  // A sample that was asked for while a reader still ran says nothing of what that one published last.
  if (stopping === null || !sample || sample.quietSinceMs === null) return false;
  const isIdle = nowMs - Math.max(sample.movedAtMs, sample.quietSinceMs) > DRAIN_PATIENCE_MS;
  return sample.backlogMessages === 0 || isIdle;
}

const isOver = (control: Control): boolean =>
  control.leaving !== 'no' ||
  control.fatal !== null ||
  control.state.tables.every((table) => isSettled(table.status));

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** Decides and carries out until the transfer is over one way or another, and nothing runs any more. */
async function work(control: Control, show: () => void): Promise<void> {
  const moves = new Set<Promise<void>>();
  for (;;) {
    const nowMs = Date.now();
    const whether = whetherToLeave(historyOf(control, nowMs));
    if (whether === 'leave') control.leave('continue-as-new');
    const endsAtMs = watchTime(control, nowMs);
    const drained = isDrained(control, nowMs);
    const scene = { ...control.scene(nowMs), settling: whether === 'settle' };
    for (const move of decide(drained ? { ...scene, mode: 'halt' } : scene)) {
      const carried = carryOut(control, move)
        .catch((error: unknown) => {
          const { code, message } = errorOf(error);
          control.fail({ code, message, details: {} });
        })
        .finally(() => {
          moves.delete(carried);
          control.touch();
        });
      moves.add(carried);
    }
    show();
    if (control.isIdle() && moves.size === 0 && (drained || isOver(control))) return;
    const { version } = control;
    const dueMs = earliest(nextDueMs(scene), endsAtMs);
    const changed = (): boolean => control.version !== version;
    if (dueMs === null) await condition(changed);
    else await condition(changed, Math.max(1, dueMs - nowMs));
  }
}

/** What runs beside the slices for as long as they do. */
async function beside<T>(control: Control, body: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  const heartbeat = control.state.prepared?.heartbeatTimeoutMs ?? FIRST_HEARTBEAT_MS;
  const companions = scope.run(() =>
    Promise.all([keepSampling(control), keepSnapshot(control, queueNames(control.state).source, heartbeat)]),
  );
  const settled = companions.then(
    () => undefined,
    () => undefined,
  );
  try {
    return await body();
  } finally {
    scope.cancel();
    await settled;
  }
}

/** How the transfer ends, once nothing runs: with its report, as a failure, cancelled, or in a run of its own again. */
async function conclude(control: Control, show: () => void, input: CheckedInput): Promise<TransferReport> {
  const { state } = control;
  if (control.leaving === 'continue-as-new') await condition(allHandlersFinished);
  // Asked again: a cancellation may have come meanwhile, and must not be lost with this run.
  if (control.leaving === 'continue-as-new') {
    const { override: _, carry: __, ...rest } = input;
    return continueAsNew<typeof transfer>({ ...rest, carry: packState(state) });
  }
  const { fatal } = control;
  const failed = state.tables.filter((table) => table.status === 'failed');
  const isComplete = fatal === null && control.leaving === 'no' && state.stopping === null;
  if (isComplete && state.prepared)
    await sampleOnce(
      control,
      state.tables.slice(0, REPORTED_TABLES).map(({ id }) => id),
    );
  // A run that is over is closed; one that stopped on the way stays open, and the next start goes on with it.
  if (state.prepared) {
    const restore = state.tables.some(({ status }) => status !== 'finished');
    const isToTopics = state.prepared.changes?.toTopics === true;
    const request = { ...control.runKey(), close: isComplete, restore };
    const lost = await control.queues.control.cleanUp({
      ...request,
      ...(isToTopics && { topics: true }),
    });
    // Older histories have no answer.
    for (const { table, sql } of lost ?? []) leaveOut(control, table, 1, [sql]);
  }
  control.close();
  show();
  await condition(allHandlersFinished);
  if (control.leaving === 'cancelled')
    throw new CancelledFailure('the transfer was cancelled; a new start goes on with it');
  if (fatal) {
    throw ApplicationFailure.create({
      message: fatal.message,
      type: fatal.code,
      nonRetryable: true,
      details: [fatal.details],
    });
  }
  if (failed.length > 0) {
    const report = reportOf(control, 'failed', Date.now());
    const type = failed.some((table) => table.error?.code === 'transfer.shortfall')
      ? 'transfer.shortfall'
      : 'transfer.differs';
    const message = `${failed.length} of ${state.tables.length} tables differ: ${failed
      .slice(0, 5)
      .map((table) => `${table.id} (${table.error?.message ?? ''})`)
      .join('; ')}`;
    throw ApplicationFailure.create({ message, type, nonRetryable: true, details: [{}, report] });
  }
  const phase = state.limitReached === true ? 'limit-reached' : 'stopped';
  return reportOf(control, state.stopping === null ? 'finished' : phase, Date.now());
}

/** Watches for Temporal's own cancellation of the workflow. */
function watchCancellation(control: Control): void {
  CancellationScope.current().cancelRequested.catch(() => control.leave('cancelled'));
}

/**
 * One transfer: a state machine a table and a small scheduler that keeps slices running. Input is one JSON value that
 * a person can type: `"orders"`, or `{"transfer": "orders", "override": {"writers": 8}}`.
 */
export async function transfer(typed: unknown): Promise<TransferReport> {
  const input = checkInput(typed);
  const state = input.carry ? unpackState(input.carry) : freshState(input, Date.now());
  const control = createControl(state, queuesFor(state));
  // The run before held the snapshot and lost it when it ended.
  if (input.carry) control.snapshotLost();
  registerHandlers(control);
  watchCancellation(control);
  await prepare(control);
  control.queues = queuesFor(state);
  return CancellationScope.nonCancellable(async () => {
    const show = createShow(control);
    await beside(control, () => work(control, show));
    return conclude(control, show, input);
  });
}
