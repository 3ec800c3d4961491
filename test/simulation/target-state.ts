import type { BatchHeader } from '../../src/model/batch.ts';
import type { KeyRange, LaneRef } from '../../src/model/lane.ts';
import type { Position } from '../../src/model/row-block.ts';
import type { PlannedTable } from '../../src/engine/ports/ledger.ts';
import { createLocks } from './locks.ts';
import type { Plant } from './plants.ts';

/** A row of the ledger. */
export interface LaneRow {
  readonly ref: LaneRef;
  readonly range: KeyRange;
  attempt: number;
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
  readonly spec: string;
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
    fingerprints: new Set<string>(),
    tableKey: (run: number, table: string): string => `${runOf(run)} ${table}`,
    laneKey: (ref: Omit<LaneRef, 'transfer'>): string =>
      `${runOf(ref.run)} ${ref.table} ${ref.generation} ${ref.lane}`,
  };
}
export type TargetState = ReturnType<typeof createTargetState>;

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

/** Can it not be applied as the ledger is now, because one before it is missing? */
export function isBehindGap(state: TargetState, header: BatchHeader): boolean {
  const lane = state.lanes.get(state.laneKey(header));
  return lane !== undefined && lane.attempt === header.attempt && header.n > lane.n + 1;
}

/** Does the ledger have the batch, or want none of it any more? */
export function isSettled(state: TargetState, header: BatchHeader): boolean {
  const lane = state.lanes.get(state.laneKey(header));
  if (!lane || lane.fenced || lane.ended) return true;
  return lane.attempt > header.attempt || (lane.attempt === header.attempt && lane.n >= header.n);
}
