import { refuseNotRunning } from '../../src/engine/driver/refuse-not-running.ts';
import type { Ledger, OwnedRun, PlannedTable, Run, RunRequest } from '../../src/engine/ports/ledger.ts';
import { planFingerprint } from '../../src/engine/wire/fingerprint.ts';
import type { LaneProgress, LaneToOpen, Opening } from '../../src/model/lane.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import type { CreditWatch } from './credit-watch.ts';
import { createHolder } from './locks.ts';
import { type LaneRow, lanesOf, type TargetState } from './target-state.ts';
import { type Actor, call, type World } from './world.ts';

const progressOf = (row: LaneRow): LaneProgress => ({
  table: row.ref.table,
  generation: row.ref.generation,
  lane: row.ref.lane,
  attempt: row.attempt,
  epoch: row.epoch,
  n: row.n,
  rows: row.rows,
  bytes: row.bytes,
  ended: row.ended,
  position: row.position,
});

interface Transaction<T> {
  readonly label: string;
  readonly signal: AbortSignal;
  /** Names of the locks, asked for in this order; computed when the request arrives. */
  readonly locks: () => readonly string[];
  readonly work: () => T;
}

/** The ledger of a simulated target as one actor sees it: each method one transaction. */
export function createLedger(
  world: World,
  state: TargetState,
  { actor, watch }: { readonly actor: Actor; readonly watch: CreditWatch },
): Ledger {
  const { plant } = world;

  const transact = <T>({ label, signal, locks, work }: Transaction<T>): Promise<T> => {
    const holder = createHolder();
    return call<T>(world, actor, {
      label,
      code: 'database.unreachable',
      usualMs: 4,
      signal,
      broke: () => state.locks.release(holder),
      effect: (done, refuse) => {
        actor.onDeath.add(() => state.locks.release(holder));
        state.locks.acquireAll(holder, locks(), () => {
          try {
            const result = work();
            state.locks.release(holder);
            done(result);
          } catch (error) {
            state.locks.release(holder);
            refuse(error as Error);
          }
        });
      },
    });
  };
  const read = <T>(label: string, signal: AbortSignal, work: () => T): Promise<T> =>
    transact({ label, signal, locks: () => [], work });

  const fence = (row: LaneRow, forget: boolean): void => {
    if (forget) state.lanes.delete(state.laneKey(row.ref));
    else
      state.lanes.set(state.laneKey(row.ref), {
        ...row,
        attempt: row.attempt + 1,
        epoch: '',
        fenced: plant !== 'fenced-lane-opens-again',
      });
  };
  const rowsWhere = (which: (row: LaneRow) => boolean): LaneRow[] => [...state.lanes.values()].filter(which);

  const openRun = (request: RunRequest): Run => {
    const runs = state.runs.filter((run) => run.transfer === request.transfer);
    const mine = runs.find((run) => run.execution === request.execution);
    if (mine) return { run: mine.run, continued: false, spec: mine.spec };
    const newest = runs.at(-1);
    if (newest && !newest.finished && newest.planHash === request.planHash) {
      newest.execution = request.execution;
      newest.spec = request.spec;
      return { run: newest.run, continued: true, spec: newest.spec };
    }
    const run = (newest?.run ?? 0) + 1;
    for (const row of rowsWhere(({ ref }) => ref.transfer === request.transfer)) {
      if (plant !== 'ledger-without-run') fence(row, false);
    }
    state.runs.push({ ...request, run, finished: false });
    return { run, continued: false, spec: request.spec };
  };

  const refuseClosed = ({ transfer, run, execution }: OwnedRun): void => {
    const newest = state.runs.findLast((row) => row.transfer === transfer);
    const isOpen = newest?.run === run && !newest.finished;
    refuseNotRunning(
      { execution: plant === 'older-execution-plans' ? undefined : execution },
      newest && { isOpen, execution: newest.execution },
    );
  };

  const planTable = (
    { execution, ...lane }: OwnedRun,
    planned: PlannedTable,
    replace: boolean,
  ): PlannedTable => {
    const { id, writeMode } = planned.plan;
    if (plant !== 'older-run-plans') refuseClosed({ ...lane, execution });
    const known = state.planned.get(state.tableKey(lane.run, id));
    if (known && known.generation >= planned.generation) return known;
    for (const row of rowsWhere(({ ref }) => ref.run === lane.run && ref.table === id))
      fence(row, state.forgetsOld);
    if (
      replace ||
      writeMode === 'truncate' ||
      (writeMode === 'fail-if-not-empty' && planned.generation > 1)
    ) {
      state.tables.set(id, []);
      state.applied.set(id, []);
    }
    state.planned.set(state.tableKey(lane.run, id), planned);
    for (const range of planned.ranges) {
      const ref = { ...lane, table: id, generation: planned.generation, lane: range.lane };
      const zero = {
        attempt: 0,
        epoch: '',
        n: 0,
        position: null,
        rows: 0,
        bytes: 0,
        ended: false,
        fenced: false,
      };
      state.lanes.set(state.laneKey(ref), { ref, range, ...zero, batches: 0 });
    }
    return planned;
  };

  const openLane = ({ epoch: wished, ifAttempt, ...ref }: LaneToOpen): Opening => {
    const row = state.lanes.get(state.laneKey(ref));
    if (plant !== 'fenced-lane-opens-again') refuseClosed(ref);
    if (!row || row.fenced) throw new SluiceError('database.transient', 'another generation stands');
    const isClaim = ifAttempt !== undefined && plant !== 'claim-not-checked';
    const isOther = isClaim && row.attempt !== ifAttempt;
    const opened = isOther
      ? row
      : { ...row, attempt: row.attempt + 1, epoch: wished ?? world.drawEpoch(), n: 0 };
    state.lanes.set(state.laneKey(ref), opened);
    const { attempt, epoch, range, position, rows, bytes, ended } = opened;
    const planned = state.planned.get(state.tableKey(ref.run, ref.table));
    const plan = planned ? planFingerprint(planned.plan) : '';
    return { attempt, epoch, range, plan, position, rows, bytes, ended };
  };

  const keysOf = (which: (row: LaneRow) => boolean): string[] =>
    rowsWhere(which)
      .map((row) => state.laneKey(row.ref))
      .sort();

  return {
    install: (signal) => read('install', signal, () => undefined),
    openRun: (request, signal) =>
      transact({
        label: 'open run',
        signal,
        locks: () => ['runs', ...keysOf(({ ref }) => ref.transfer === request.transfer)],
        work: () => openRun(request),
      }),
    newestRun: (transfer, signal) =>
      read('newest run', signal, () => {
        const numbers = state.runs.filter((each) => each.transfer === transfer).map(({ run }) => run);
        return numbers.length === 0 ? null : Math.max(...numbers);
      }),
    readSpec: (transfer, run, signal) =>
      read('read spec', signal, () => {
        const found = state.runs.find((each) => each.transfer === transfer && each.run === run);
        return found?.spec ?? null;
      }),
    closeRun: (transfer, run, signal) =>
      transact({
        label: 'close run',
        signal,
        locks: () => ['runs'],
        work: () => {
          for (const row of state.runs) if (row.transfer === transfer && row.run === run) row.finished = true;
        },
      }),
    planTable: (lane, planned, { replaceBy }, signal) =>
      transact({
        label: `plan table ${planned.plan.id} generation ${planned.generation}`,
        signal,
        locks: () => ['runs', ...keysOf(({ ref }) => ref.run === lane.run && ref.table === planned.plan.id)],
        work: () => planTable(lane, planned, replaceBy !== null),
      }),
    readTable: (_transfer, run, table, signal) =>
      read(`read table ${table}`, signal, () => state.planned.get(state.tableKey(run, table)) ?? null),
    openLane: (ref, signal) => {
      watch.opening(ref);
      return transact({
        label: `open lane ${state.laneKey(ref)}`,
        signal,
        locks: () => [state.laneKey(ref)],
        work: () => openLane(ref),
      });
    },
    lanes: (_transfer, run, table, signal) =>
      read(`lanes ${table}`, signal, () => lanesOf(state, run, table).map(progressOf)),
    progress: (_transfer, run, signal) =>
      read('progress', signal, () =>
        [...state.planned.keys()]
          .filter((key) => key.startsWith(state.tableKey(run, '')))
          .map((key) => {
            const planned = state.planned.get(key) as PlannedTable;
            const lanes = lanesOf(state, run, planned.plan.id);
            return {
              table: planned.plan.id,
              generation: planned.generation,
              lanes: lanes.length,
              endedLanes: lanes.filter(({ ended }) => ended).length,
              rows: lanes.reduce((sum, { rows }) => sum + rows, 0),
              bytes: lanes.reduce((sum, { bytes }) => sum + bytes, 0),
            };
          }),
      ),
    forget: () => Promise.resolve(0),
  };
}
