import type { LaneOfRun } from '../activities/contract.ts';
import { laneOfChanges } from '../model/changes-plan.ts';
import type { TableStatus } from '../model/table-status.ts';
import { isCopied, isExcluded, isMoving, isSettled, type TableRecord } from './control-state.ts';
import { haltAll } from './halt-all.ts';
import type { Move, RunningSlice, Scene } from './schedule.ts';

/** It is a lane of the changes, which is one of the run's tables. */
export const isChanges = ({ id }: Pick<TableRecord, 'id'>): boolean => laneOfChanges(id) !== null;

const isOver = (table: TableRecord): boolean => isCopied(table) || isSettled(table.status);

/**
 * Lanes of changes that wait at the source, by their table ids. Changes are applied behind the rows that they change: while a table
 * is still to be copied, or waits for a person, all of its lane wait, for what refers to each other stays in order.
 * @param lanes  absent: of an older version, whose one lane has all tables
 */
export function heldLanes(
  tables: readonly TableRecord[],
  lanes: readonly LaneOfRun[] | undefined,
): ReadonlySet<string> {
  const open = new Set(
    tables.filter((table) => !isChanges(table) && !isOver(table)).map((each) => each.ordinal),
  );
  if (open.size === 0) return new Set();
  const tablesOf = new Map(lanes?.map(({ lane, tables: ordinals }) => [lane, ordinals]));
  const isHeld = ({ id }: TableRecord): boolean =>
    tablesOf.get(laneOfChanges(id) ?? 0)?.some((ordinal) => open.has(ordinal)) ?? true;
  return new Set(tables.filter((table) => isChanges(table) && isHeld(table)).map(({ id }) => id));
}

/** Indexes would slow the catching up, and unique ones could refuse a state that lies between two of the source's. */
export const mayFinish = ({ tables, changes }: Pick<Scene, 'tables' | 'changes'>): boolean =>
  (changes?.caughtUp ?? false) || tables.filter(isChanges).every(isOver);

/** Compared while changes flow, both sides would differ by what is on its way. */
export const mayVerify = (tables: readonly TableRecord[]): boolean =>
  tables.filter(isChanges).every(({ status }) => isSettled(status));

/** What existing rows are still to become events of is not drained yet. */
const isLoaded = ({ tables, changes }: Scene): boolean =>
  changes?.toTopics !== true || tables.every((table) => isChanges(table) || isOver(table));

const LIVES: ReadonlySet<TableStatus> = new Set(['ready', 'copying']);

/**
 * Whether lanes are to end where nothing is pending: all of them at once. While one waits for a person, or for a table that is copied
 * again, the others go on with what comes.
 */
const mayEnd = (lanes: readonly TableRecord[], held: ReadonlySet<string>): boolean =>
  lanes.every(({ id, status }) => !held.has(id) && (isSettled(status) || !isExcluded(status)));

/** Lanes that may be relayed, by the slices that share them: a lane's number says which one has it. */
function shared(
  scene: Scene,
  lanes: number,
  ready: readonly TableRecord[],
): readonly (readonly TableRecord[])[] {
  const of = Math.min(scene.settings.relays ?? 1, lanes);
  const isOf = (part: number, { id }: TableRecord): boolean => ((laneOfChanges(id) ?? 1) - 1) % of === part;
  return Array.from({ length: of }, (_, part) => ready.filter((table) => isOf(part, table))).filter(
    (tables) => tables.length > 0,
  );
}

/**
 * What is done about the changes: their lanes are planned once no rows are on their way for the first time, then relayed slice by
 * slice. A lane is in one slice at a time.
 * @param isPlanning  other tables are about to be planned
 */
export function relay(scene: Scene, isPlanning: boolean): readonly Move[] {
  const lanes = scene.tables.filter(isChanges);
  if (lanes.length === 0) return [];
  const held = heldLanes(scene.tables, scene.changes?.lanes);
  const drain = (scene.changes?.draining ?? false) && mayEnd(lanes, held) && isLoaded(scene);
  const key = JSON.stringify([drain, scene.revision]);
  const statusOf = new Map(lanes.map(({ id, status }) => [id, status]));
  const isWanted = (id: string): boolean => !held.has(id) && LIVES.has(statusOf.get(id) ?? 'skipped');
  const running = [...scene.running].filter(({ kind }) => kind === 'relay');
  const isStale = (slice: RunningSlice): boolean =>
    slice.kind === 'relay' && (slice.key !== key || !slice.tables.every(isWanted));
  const halts = haltAll(scene, isStale);
  // New ones begin when all old ones have ended: which slice has which lanes may be another.
  if (running.some((slice) => slice.key !== key)) return halts;
  const isDue = ({ id, notBeforeMs }: TableRecord): boolean => !held.has(id) && notBeforeMs <= scene.nowMs;
  // To topics rows go by way of the lanes; one that was planned before goes on beside tables of other lanes.
  const isCopying =
    scene.changes?.toTopics !== true && scene.tables.some((table) => !isChanges(table) && isMoving(table));
  const mayPlan = !isPlanning && ![...scene.running].some(({ kind }) => kind === 'plan');
  const isUnplanned = (table: TableRecord): boolean =>
    table.status === 'waiting' && isDue(table) && (table.generation > 0 || !isCopying);
  const waiting = mayPlan ? lanes.filter(isUnplanned) : [];
  const ready = lanes.filter((table) => table.status === 'ready' && isDue(table));
  return [
    ...halts,
    ...(waiting.length === 0 ? [] : [{ move: 'plan', tables: waiting } as const]),
    ...shared(scene, lanes.length, ready).map((tables): Move => ({ move: 'relay', tables, drain, key })),
  ];
}
