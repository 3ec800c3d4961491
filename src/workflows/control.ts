import type { CancellationScope } from '@temporalio/workflow';
import type { RunKey, TransferActivities } from '../activities/contract.ts';
import type { Phase } from '../model/table-status.ts';
import type { TransferSettings } from '../model/transfer-settings.ts';
import {
  type ControlState,
  type Fatal,
  isExcluded,
  isMoving,
  isSettled,
  type TableRecord,
} from './control-state.ts';
import { lostItsSnapshot } from './failing.ts';
import type { TableError } from './messages.ts';
import { heldLanes, isChanges } from './relay-moves.ts';
import type { Mode, RunningSlice, Scene } from './schedule.ts';
import type { ActivityInterfaceFor } from '@temporalio/workflow';

type Activities = ActivityInterfaceFor<TransferActivities>;

/** Activities of one transfer by the task queue that takes them. */
export interface Queues {
  readonly control: Activities;
  readonly source: Activities;
  readonly target: Activities;
  /** Source activities of one process, which may be gone: who does not start soon never will. */
  onlyOn(taskQueue: string): Activities;
}

/** What of it runs brings more to where it goes. */
const FEEDS: ReadonlySet<RunningSlice['kind']> = new Set(['read', 'relay', 'load']);

/** The most warnings that are kept; older ones go. */
const MAX_WARNINGS = 20;

export type Leaving = 'no' | 'continue-as-new' | 'cancelled';

/** The workflow's working memory: its durable state, and what runs right now. */
export function createControl(state: ControlState, queues: Queues) {
  const byId = new Map<string, TableRecord>();
  const running = new Map<RunningSlice, CancellationScope>();
  let version = 0;
  let fatal: Fatal | null = null;
  let leaving: Leaving = 'no';
  /** Its name, and who reads in it where that is one process. */
  let held: { readonly ref: string; readonly source: Activities | null } | null = null;
  let closed = false;

  const touch = (): void => {
    version += 1;
  };
  const control = {
    state,
    /** The activities; replaced once the transfer's own heartbeat time-out is known. */
    queues,
    /** Where a snapshot can be read, if it is read in one. */
    sourceIn(snapshot: string | null): Activities {
      return (snapshot === held?.ref ? held?.source : null) ?? control.queues.source;
    },
    get target(): Activities {
      return control.queues.target;
    },
    /** Grows with everything that may call for another decision. */
    get version(): number {
      return version;
    },
    get fatal(): Fatal | null {
      return fatal;
    },
    get leaving(): Leaving {
      return leaving;
    },
    get snapshotRef(): string | null {
      return held?.ref ?? null;
    },
    touch,
    table(id: string): TableRecord | undefined {
      if (byId.size !== state.tables.length) for (const table of state.tables) byId.set(table.id, table);
      return byId.get(id);
    },
    runKey(): RunKey {
      const { run = 0, source = '', hub = '', target = '' } = state.prepared ?? {};
      return { transfer: state.transfer, run, source, hub, target };
    },
    settings(): TransferSettings {
      if (!state.settings) throw new Error('not prepared');
      return state.settings;
    },
    warn(text: string): void {
      if (state.warnings.includes(text)) return;
      state.warnings = [...state.warnings, text].slice(-MAX_WARNINGS);
      touch();
    },
    begin(slice: RunningSlice, scope: CancellationScope): void {
      running.set(slice, scope);
      touch();
    },
    end(slice: RunningSlice): void {
      running.delete(slice);
      touch();
    },
    halt(slice: RunningSlice): void {
      slice.halted = true;
      running.get(slice)?.cancel();
    },
    runs: (kind: RunningSlice['kind'], { id }: { readonly id?: string } = {}): boolean =>
      [...running.keys()].some((slice) => slice.kind === kind && (!id || slice.tables.includes(id))),
    isIdle: (): boolean => running.size === 0,
    /** It was stopped and its last reader has ended: what the hub holds from now on is all that there is to apply. */
    isQuiet: (): boolean =>
      state.stopping !== null && [...running.keys()].every(({ kind }) => !FEEDS.has(kind)),
    /** An error that ends the transfer. The first one counts. */
    fail(error: Fatal): void {
      fatal ??= error;
      touch();
    },
    /** An error of the whole transfer that a person must mend: it pauses, with the error shown. */
    block(error: TableError): void {
      state.pauseError = error;
      state.paused = { text: `${error.code}: ${error.message}`, by: null, at: new Date().toISOString() };
      touch();
    },
    leave(how: Exclude<Leaving, 'no'>): void {
      if (leaving !== 'cancelled') leaving = how;
      touch();
    },
    /** Nothing is left to do, cleaning up included. */
    close(): void {
      closed = true;
      touch();
    },
    snapshotReady(ref: string, taskQueue: string | null): void {
      held = { ref, source: taskQueue === null ? null : control.queues.onlyOn(taskQueue) };
      touch();
    },
    /** What is being read in another snapshot than the one that is held starts anew; paused tables do when they resume. */
    snapshotLost(): void {
      held = null;
      for (const table of state.tables) {
        const isPlanned = table.status === 'ready' || table.status === 'copying';
        if (isPlanned && table.plannedIn !== null) lostItsSnapshot(table);
      }
      touch();
    },
    /** A slice could not read in this one. Where another is held by now the word comes late and means nothing. */
    snapshotRefused(ref: string | null): void {
      if (ref !== null && ref === held?.ref) control.snapshotLost();
    },
    mode(): Mode {
      if (leaving !== 'no' || fatal !== null || state.paused !== null) return 'halt';
      return state.stopping === null ? 'run' : 'drain';
    },
    scene(nowMs: number): Scene {
      return {
        mode: control.mode(),
        nowMs,
        tables: state.tables,
        running: new Set(running.keys()),
        settings: control.settings(),
        revision: state.revision,
        snapshotReady: held !== null,
        writerNotBeforeMs: state.writerNotBeforeMs,
        ...preparedScene(state),
        ...changesScene(state),
        ...(state.check?.endedAt === null && { check: { notBeforeMs: state.check.notBeforeMs } }),
      };
    },
    phase(): Phase {
      if (leaving === 'cancelled') return 'cancelled';
      if (fatal !== null) return 'failed';
      if (state.prepared === null) return 'preparing';
      if (state.stopping !== null) return running.size > 0 ? 'stopping' : stoppedPhase(state);
      if (state.paused !== null) return running.size > 0 ? 'pausing' : standstillOf(state);
      return phaseOf(state, closed);
    },
  };
  return control;
}
export type Control = ReturnType<typeof createControl>;

const standstillOf = ({ pauseError }: ControlState): Phase => (pauseError === null ? 'paused' : 'blocked');

const stoppedPhase = ({ limitReached }: ControlState): Phase =>
  limitReached === true ? 'limit-reached' : 'stopped';

/** What was said when the transfer was prepared; histories of older versions say less. */
const preparedScene = ({ prepared }: ControlState) => ({
  oneSnapshot: prepared?.oneSnapshot ?? false,
  oneReading: (prepared?.limits?.until ?? null) !== null,
  sliceReaders: prepared?.sliceReaders ?? Infinity,
  sliceWriters: prepared?.sliceWriters ?? Infinity,
});

/** Of a transfer that moves changes: how far they are. */
const changesScene = (state: ControlState): Pick<Scene, 'changes'> => {
  const { changes } = state.prepared ?? {};
  if (!changes) return {};
  const { toTopics, lanes } = changes;
  return {
    changes: {
      caughtUp: state.caughtUp ?? false,
      draining: isDraining(state),
      ...(toTopics === true && { toTopics }),
      ...(lanes && { lanes }),
    },
  };
};

const isDraining = ({ cutOver, prepared }: ControlState): boolean =>
  cutOver !== undefined || (prepared?.changes?.untilCaughtUp ?? false);

function phaseOf({ tables, caughtUp, prepared }: ControlState, closed: boolean): Phase {
  if (tables.some((table) => isMoving(table) && !isChanges(table))) return 'copying';
  const moving = tables.filter(isMoving);
  if (moving.length > 0) {
    const held = heldLanes(tables, prepared?.changes?.lanes);
    if (moving.every(({ id }) => held.has(id))) return 'blocked';
    return caughtUp === true ? 'live' : 'catching-up';
  }
  const isAt = (...statuses: readonly TableRecord['status'][]): boolean =>
    tables.some(({ status }) => statuses.includes(status));
  if (isAt('copied', 'finishing')) return 'finishing';
  if (isAt('built', 'verifying')) return 'verifying';
  if (isAt('linking')) return 'finishing';
  if (tables.some((table) => isExcluded(table.status) && !isSettled(table.status))) return 'blocked';
  if (tables.some((table) => table.status === 'failed')) return 'failed';
  return closed ? 'finished' : 'finishing';
}
