import type { BatchHeader } from '../../src/model/batch.ts';
import type { KeyRange, LaneRef } from '../../src/model/lane.ts';
import type { Position } from '../../src/model/row-block.ts';
import type { PlannedTable } from '../../src/engine/ports/ledger.ts';
import { createLocks } from './locks.ts';
import type { Plant } from './plants.ts';
import type { ParkedEvents } from './target-parking.ts';

/** A row of the ledger. */
export interface LaneRow {
  readonly ref: LaneRef;
  readonly range: KeyRange;
  attempt: number;
  epoch: string;
  n: number;
  position: Position | null;
  rows: number;
  bytes: number;
  ended: boolean;
  /** A newer generation or run took its place: never opened again. */
  fenced: boolean;
  /** Batches applied in all attempts. */
  batches: number;
}

export interface RunRow {
  readonly transfer: string;
  readonly run: number;
  execution: string;
  readonly planHash: string;
  spec: string;
  finished: boolean;
}

/** A batch whose transaction committed. */
export interface AppliedBatch {
  readonly header: BatchHeader;
  readonly atMs: number;
}

export interface TargetRow {
  readonly key: string | null;
  readonly text: string;
}

/** What is committed at the target: tables and ledger, and a log of it for the checks. */
export function createTargetState(plant: Plant | null, forgetsOld: boolean) {
  const runOf = (run: number): number => (plant === 'ledger-without-run' ? 0 : run);
  return {
    locks: createLocks(),
    /** Rows of older generations are deleted; otherwise they are kept and fenced. Both are right. */
    forgetsOld,
    tables: new Map<string, TargetRow[]>(),
    runs: [] as RunRow[],
    /** Newest generation a table and run. */
    planned: new Map<string, PlannedTable>(),
    lanes: new Map<string, LaneRow>(),
    /** Batches a table since it was cleared last. */
    applied: new Map<string, AppliedBatch[]>(),
    /** Contents of batches that committed. */
    contents: new Set<string>(),
    /** Places of batches that committed; a restore takes none of them out. */
    everCommitted: new Set<string>(),
    /** Events of changes that were refused, with those that wait behind them. */
    parked: new Map() as ParkedEvents,
    /** Whether a constraint refuses the row now; null: there is none, and nothing is set apart. */
    refuses: null as ((row: TargetRow) => boolean) | null,
    /** How often the target went back to a backup. */
    restores: 0,
    /** Ends each open transaction, as a restart of the server does. */
    sessions: new Set<() => void>(),
    tableKey: (run: number, table: string): string => `${runOf(run)} ${table}`,
    laneKey: (ref: Omit<LaneRef, 'transfer'>): string =>
      `${runOf(ref.run)} ${ref.table} ${ref.generation} ${ref.lane}`,
  };
}
export type TargetState = ReturnType<typeof createTargetState>;

export const placeOf = (header: BatchHeader): string =>
  `run ${header.run} ${header.table} generation ${header.generation} lane ${header.lane} attempt ${header.attempt} ${header.epoch} n ${header.n}`;

/** A backup of the target, made while it ran: what had committed by then. */
export function backUp(state: TargetState): () => void {
  const { tables, planned, lanes, contents, parked } = state;
  const saved = [tables, planned, lanes].map((map) => new Map<string, unknown>(map));
  const applied = new Map([...state.applied].map(([table, batches]) => [table, [...batches]]));
  const runs = state.runs.map((run) => ({ ...run }));
  const known = new Set(contents);
  return () => {
    for (const [index, map] of [tables, planned, lanes].entries() as Iterable<[number, Map<string, unknown>]>)
      refill(map, saved[index] ?? new Map());
    refill(state.applied, new Map([...applied].map(([table, batches]) => [table, [...batches]])));
    state.runs.splice(0, state.runs.length, ...runs.map((run) => ({ ...run })));
    state.parked = parked;
    contents.clear();
    for (const each of known) contents.add(each);
    state.restores += 1;
    for (const end of Array.from(state.sessions)) end();
  };
}

function refill<T>(map: Map<string, T>, from: ReadonlyMap<string, T>): void {
  map.clear();
  for (const [key, value] of from) map.set(key, value);
}

export const lanesOf = (state: TargetState, run: number, table: string): LaneRow[] => {
  const planned = state.planned.get(state.tableKey(run, table));
  if (!planned) return [];
  return planned.ranges.flatMap((range) => {
    const row = state.lanes.get(
      state.laneKey({ run, table, generation: planned.generation, lane: range.lane }),
    );
    return row ? [row] : [];
  });
};

const isOpening = (lane: LaneRow, header: BatchHeader): boolean =>
  lane.attempt === header.attempt && lane.epoch === header.epoch;

/** Can it not be applied as the ledger is now, because one before it is missing? */
export function isBehindGap(state: TargetState, header: BatchHeader): boolean {
  const lane = state.lanes.get(state.laneKey(header));
  return lane !== undefined && isOpening(lane, header) && header.n > lane.n + 1;
}

/** Does the ledger have the batch, or want none of it any more? */
export function isSettled(state: TargetState, header: BatchHeader): boolean {
  const lane = state.lanes.get(state.laneKey(header));
  if (!lane || lane.fenced || lane.ended) return true;
  return !isOpening(lane, header) || lane.n >= header.n;
}
