import type { TableStatus } from '../model/table-status.ts';
import type { TableRecord } from './control-state.ts';
import { haltAll } from './halt-all.ts';
import type { Move, RunningSlice, Scene } from './schedule.ts';

/** The slice of a table in one of these is about to end by itself, or goes on. */
const LOADS: ReadonlySet<TableStatus> = new Set(['copying', 'copied', 'finished']);

/**
 * Existing rows of tables whose changes go to topics: as many tables at once as there are readers, each in slices of its own, while
 * the changes of all flow.
 * @param ready  tables that wait for a slice
 */
export function loads(scene: Scene, ready: readonly TableRecord[]): readonly Move[] {
  const running = [...scene.running].filter(({ kind }) => kind === 'load');
  const statusOf = new Map(scene.tables.map(({ id, status }) => [id, status]));
  const isStale = ({ kind, tables, revision }: RunningSlice): boolean =>
    kind === 'load' &&
    (revision !== scene.revision || !tables.every((id) => LOADS.has(statusOf.get(id) ?? 'skipped')));
  return [
    ...haltAll(scene, isStale),
    ...ready
      .slice(0, Math.max(0, scene.settings.readers - running.length))
      .map((table): Move => ({ move: 'load', table })),
  ];
}
