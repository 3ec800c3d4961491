import { CHANGES } from '../model/changes-plan.ts';
import type { TableStatus } from '../model/table-status.ts';
import { isCopied, isSettled, type TableRecord } from './control-state.ts';
import type { Move, RunningSlice, Scene } from './schedule.ts';

export const isChanges = ({ id }: Pick<TableRecord, 'id'>): boolean => id === CHANGES;

/** The changes as a table of the run; undefined where only rows are moved. */
export const changesOf = (tables: readonly TableRecord[]): TableRecord | undefined => tables.find(isChanges);

const isOver = (table: TableRecord): boolean => isCopied(table) || isSettled(table.status);

/**
 * Changes are applied behind the rows that they change: while a table is still to be copied, or waits for a person, they wait at the
 * source, all of them, for what refers to each other stays in order.
 */
export const mayRelay = (tables: readonly TableRecord[]): boolean =>
  tables.every((table) => isChanges(table) || isOver(table));

/** Indexes would slow the catching up, and unique ones could refuse a state that lies between two of the source's. */
export function mayFinish({ tables, changes }: Pick<Scene, 'tables' | 'changes'>): boolean {
  const record = changesOf(tables);
  return !record || (changes?.caughtUp ?? false) || isOver(record);
}

/** Compared while changes flow, both sides would differ by what is on its way. */
export const mayVerify = (tables: readonly TableRecord[]): boolean => {
  const record = changesOf(tables);
  return !record || isSettled(record.status);
};

const LIVES: ReadonlySet<TableStatus> = new Set(['ready', 'copying']);

/** What is done about the changes: planned once all rows are copied, then relayed slice by slice. */
export function relay(scene: Scene): readonly Move[] {
  const table = changesOf(scene.tables);
  if (!table) return [];
  const running = [...scene.running].filter(({ kind }) => kind === 'relay');
  const drain = scene.changes?.draining ?? false;
  const key = JSON.stringify([drain, scene.revision]);
  const isStale = (slice: RunningSlice): boolean =>
    slice.key !== key || !mayRelay(scene.tables) || !LIVES.has(table.status);
  if (running.length > 0)
    return running
      .filter((slice) => !slice.halted && isStale(slice))
      .map((slice) => ({ move: 'halt', slice }));
  if (!mayRelay(scene.tables) || table.notBeforeMs > scene.nowMs) return [];
  const isPlanning = [...scene.running].some(({ kind }) => kind === 'plan');
  if (table.status === 'waiting') return isPlanning ? [] : [{ move: 'plan', tables: [table] }];
  return table.status === 'ready' ? [{ move: 'relay', table, drain, key }] : [];
}
