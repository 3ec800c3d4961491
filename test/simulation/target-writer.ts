import type { TargetTransaction, TargetWriter } from '../../src/engine/ports/target-writer.ts';
import type { Batch } from '../../src/model/batch.ts';
import type { LaneRef } from '../../src/model/lane.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';
import { createHolder, type Holder } from './locks.ts';
import { commitSteps, rowsOf, type TargetStep } from './target-commit.ts';
import { createTargetParking, type ParkingOpen, type TransactionStep } from './target-parking.ts';
import { type LaneRow, placeOf, type TargetRow, type TargetState } from './target-state.ts';
import { type Actor, call, hold, type World } from './world.ts';

/** A session that is idle in its transaction for so long is ended by the server: a frozen writer holds a lock. */
const IDLE_LIMIT_MS = 8_000;

interface Open extends ParkingOpen {
  readonly holder: Holder;
  usedMs: number;
  /** Waits for a lock: told when the session ends meanwhile. */
  waiting: (() => void) | null;
  /** Rolls back. */
  end: () => void;
  /** Planted bug: these rows were seen before. */
  isRepeat: boolean;
  /** The lane as it will be, by which batch, and what is done to rows, once committed. */
  lane: LaneRow | null;
  batch: Batch | null;
  readonly steps: TargetStep[];
}

const gone = (): SluiceError => new SluiceError('database.unreachable', 'the session is over');

/** What a planted bug takes for the identity of a batch. */
const contentOf = ({ header, data }: Batch): string =>
  JSON.stringify([header.table, header.first, header.last, data.toString('latin1')]);

/** Told of each batch that commits: is it what the source has there? */
export type CheckBatch = (batch: Batch) => void;
/** Told of each row that is written, when it commits. */
export type CheckRow = (table: string, row: TargetRow) => void;

const isNewest = (state: TargetState, { transfer, run }: LaneRef): boolean =>
  state.runs.some((each) => each.transfer === transfer && each.run === run && !each.finished);

/** The part of a simulated database that takes batches. */
export function createTargetWriter(
  world: World,
  state: TargetState,
  {
    actor,
    check,
    checkRow,
  }: { readonly actor: Actor; readonly check: CheckBatch; readonly checkRow: CheckRow },
): TargetWriter {
  const { plant } = world;

  const end = (open: Open): void => {
    if (open.holder.over) return;
    hold(actor, 'transaction', -1);
    state.sessions.delete(open.end);
    state.locks.release(open.holder);
    open.waiting?.();
    open.waiting = null;
  };
  const watchIdle = (open: Open): void =>
    world.at(IDLE_LIMIT_MS, () => {
      if (open.holder.over) return;
      if (!open.waiting && world.now() - open.usedMs >= IDLE_LIMIT_MS) end(open);
      else watchIdle(open);
    });

  const advance = (open: Open, batch: Batch): boolean => {
    const { header } = batch;
    let lane = state.lanes.get(state.laneKey(header));
    if (!lane && plant === 'lane-made-by-apply') {
      const range = { lane: header.lane, after: null, upto: null };
      const fresh = {
        epoch: header.epoch,
        n: header.n - 1,
        position: null,
        rows: 0,
        bytes: 0,
        ended: false,
        fenced: false,
      };
      lane = { ref: header, range, attempt: header.attempt, batches: 0, ...fresh };
    }
    if (!lane) return false;
    const isNext =
      lane.attempt === header.attempt &&
      lane.epoch === header.epoch &&
      lane.n === header.n - 1 &&
      !lane.ended;
    if (!isNext) return false;
    open.batch = batch;
    open.isRepeat = plant === 'content-is-identity' && state.contents.has(contentOf(batch));
    open.lane = {
      ...lane,
      attempt: header.attempt,
      n: header.n,
      position: header.last ?? lane.position,
      rows: lane.rows + header.rows,
      bytes: lane.bytes + header.bytes,
      ended: lane.ended || header.end !== null,
      batches: lane.batches + 1,
    };
    if (plant === 'ledger-in-another-transaction') state.lanes.set(state.laneKey(header), open.lane);
    return true;
  };

  const commit = (open: Open): SluiceError | null => {
    const refused = commitSteps(state, open.steps);
    if (refused) return refused;
    for (const { kind, plan, data } of open.steps)
      if (kind === 'write') for (const row of rowsOf(plan, data)) checkRow(plan.id, row);
    if (open.lane) state.lanes.set(state.laneKey(open.lane.ref), open.lane);
    if (open.parked) state.parked = open.parked;
    const { batch } = open;
    if (!batch || (open.steps.length === 0 && !open.parked)) return null;
    check(batch);
    state.contents.add(contentOf(batch));
    state.everCommitted.add(placeOf(batch.header));
    const log = state.applied.get(batch.header.table) ?? [];
    state.applied.set(batch.header.table, [...log, { header: batch.header, atMs: world.now() }]);
    return null;
  };

  const transaction = (open: Open): TargetTransaction => {
    const step: TransactionStep = <T>(
      label: string,
      effect: (done: (value: T) => void, refuse: (error: Error) => void) => void,
    ) =>
      call<T>(world, actor, {
        label,
        code: 'database.unreachable',
        usualMs: 4,
        broke: () => end(open),
        effect: (done, refuse) => {
          open.usedMs = world.now();
          if (open.holder.over) refuse(gone());
          else effect(done, refuse);
        },
      });
    const locked = (label: string, ref: LaneRef, work: () => boolean) =>
      step<boolean>(`${label} ${state.laneKey(ref)}`, (done, refuse) => {
        open.waiting = () => refuse(gone());
        state.locks.acquire(open.holder, state.laneKey(ref), () => {
          open.waiting = null;
          open.usedMs = world.now();
          done(work());
        });
      });
    return {
      advance: (batch) =>
        locked(`advance to ${batch.header.attempt}.${batch.header.n} of`, batch.header, () =>
          advance(open, batch),
        ),
      ...(state.refuses && {
        parking: {
          ...createTargetParking(world, state, { open, step }),
          hold: (lane) =>
            locked('hold', lane, () => state.lanes.has(state.laneKey(lane)) && isNewest(state, lane)),
        },
      }),
      readLane: (ref: LaneRef) =>
        step('read lane', (done) => {
          const lane = open.lane ?? state.lanes.get(state.laneKey(ref));
          done(lane ? { ...ref, ...lane, generation: ref.generation, lane: ref.lane } : null);
        }),
      write: (plan, batch) =>
        step<number>('write', (done, refuse) => {
          if (rowsOf(plan, batch.data).some((row) => state.refuses?.(row))) {
            if (!open.attempting) end(open);
            refuse(
              new SluiceError('target.constraint_violated', 'a constraint refuses a row', { table: plan.id }),
            );
            return;
          }
          if (!open.isRepeat) open.steps.push({ kind: 'write', plan, data: batch.data });
          done(rowsOf(plan, batch.data).length);
        }),
      remove: (plan, { rows, data }) =>
        step<number>('remove', (done) => {
          open.steps.push({ kind: 'remove', plan, data });
          done(rows);
        }),
      empty: (plan) =>
        step<void>('empty', (done) => {
          open.steps.push({ kind: 'empty', plan, data: Buffer.alloc(0) });
          done();
        }),
      commit: () =>
        step<void>('commit', (done, refuse) => {
          const error = commit(open);
          end(open);
          if (error) refuse(error);
          else done();
        }),
      rollback: () =>
        step<void>('rollback', (done) => {
          end(open);
          done();
        }),
    };
  };

  return {
    prepare: ({ plan }) =>
      call(world, actor, {
        label: `prepare ${plan.id}`,
        code: 'database.unreachable',
        usualMs: 5,
        effect: (done) => {
          if (!state.tables.has(plan.id)) state.tables.set(plan.id, []);
          done({ table: plan.id, done: 'verified' as const, leftOut: [] });
        },
      }),
    hasRows: (plan, signal) =>
      call(world, actor, {
        label: `has rows ${plan.id}`,
        code: 'database.unreachable',
        usualMs: 3,
        signal,
        effect: (done) => done((state.tables.get(plan.id) ?? []).length > 0),
      }),
    begin: (signal) => {
      const open: Open = {
        holder: createHolder(),
        usedMs: 0,
        waiting: null,
        end: () => end(open),
        isRepeat: false,
        lane: null,
        batch: null,
        parked: null,
        attempting: false,
        steps: [],
      };
      open.holder.over = true; // until the server has made it
      return call(world, actor, {
        label: 'begin',
        code: 'database.unreachable',
        usualMs: 2,
        signal,
        broke: () => end(open),
        effect: (done) => {
          open.holder.over = false;
          open.usedMs = world.now();
          hold(actor, 'transaction', 1);
          state.sessions.add(open.end);
          actor.onDeath.add(open.end);
          watchIdle(open);
          done(transaction(open));
        },
      });
    },
    finish: () => Promise.resolve(),
    countRows: (plan) => Promise.resolve(BigInt((state.tables.get(plan.id) ?? []).length)),
    checksum: () => Promise.resolve({ rows: 0n, sum: 0n }),
  };
}
