import type { TransferSettings } from '../model/transfer-spec.ts';
import { isExcluded, isMoving, type TableRecord } from './control-state.ts';

/** A running slice: one activity. `key` is what it was started with; a writer whose key is stale is started anew. */
export interface RunningSlice {
  readonly kind: 'plan' | 'read' | 'write' | 'verify';
  readonly tables: readonly string[];
  readonly readers: number;
  readonly revision: number;
  readonly key: string;
  readonly startedAtMs: number;
  halted: boolean;
}

/**
 * `run`: everything that may. `drain`: only what is published is still applied. `apply`: reading is over and the
 * ledger lacks something, so the writer goes on. `halt`: nothing.
 */
export type Mode = 'run' | 'drain' | 'halt';

export interface Scene {
  readonly mode: Mode;
  readonly nowMs: number;
  readonly tables: readonly TableRecord[];
  readonly running: ReadonlySet<RunningSlice>;
  readonly settings: TransferSettings;
  readonly revision: number;
  /** All tables wait for the one snapshot. */
  readonly oneSnapshot: boolean;
  readonly snapshotReady: boolean;
  readonly writerNotBeforeMs: number;
}

export type Move =
  | { readonly move: 'halt'; readonly slice: RunningSlice }
  | { readonly move: 'plan'; readonly tables: readonly TableRecord[] }
  | { readonly move: 'read'; readonly table: TableRecord; readonly readers: number }
  | {
      readonly move: 'write';
      readonly excluded: readonly string[];
      readonly awaited: number;
      readonly key: string;
    }
  | { readonly move: 'verify'; readonly tables: readonly TableRecord[] };

/** Tables planned or verified in one activity: an activity costs 0.1 s and about ten events. */
const GROUP = 10;
const VERIFIERS = 2;
/** A table being read gets more readers only when it will still take a while: the change costs about a second. */
const REBALANCE_AFTER_MS = 30_000;

/**
 * Decides what to start and what to end, from the state alone; pure, so that it is tested without a server and replays.
 * The caller carries the moves out and asks again whenever something changed.
 */
export function decide(scene: Scene): readonly Move[] {
  if (scene.mode === 'halt') return haltAll(scene, () => true);
  if (scene.mode === 'drain') return [...haltAll(scene, (slice) => slice.kind !== 'write'), ...write(scene)];
  return [...stale(scene), ...plan(scene), ...read(scene), ...write(scene), ...verify(scene)];
}

/** Workflow time at which a table or the writer, put off after a failure, is due again; null: none is. */
export function nextDueMs(scene: Scene): number | null {
  const times = scene.tables
    .filter((table) => isMoving(table) || table.status === 'copied')
    .map((table) => table.notBeforeMs);
  const due = [...times, scene.writerNotBeforeMs].filter((timeMs) => timeMs > scene.nowMs);
  return due.length === 0 ? null : Math.min(...due);
}

const haltAll = (scene: Scene, which: (slice: RunningSlice) => boolean): readonly Move[] =>
  [...scene.running]
    .filter((slice) => which(slice) && !slice.halted)
    .map((slice) => ({ move: 'halt', slice }));

/** Slices whose table is not to be read any more, or that have old settings. */
function stale(scene: Scene): readonly Move[] {
  const statusOf = new Map(scene.tables.map((table) => [table.id, table.status]));
  return haltAll(scene, (slice) => {
    if (slice.kind !== 'read') return false;
    const status = statusOf.get(slice.tables[0] ?? '');
    // A copied table's reader is about to return by itself.
    return slice.revision !== scene.revision || (status !== 'copying' && status !== 'copied');
  });
}

function free(scene: Scene, status: TableRecord['status']): readonly TableRecord[] {
  const busy = new Set([...scene.running].flatMap((slice) => slice.tables));
  return scene.tables.filter(
    (table) => table.status === status && !busy.has(table.id) && table.notBeforeMs <= scene.nowMs,
  );
}

function plan(scene: Scene): readonly Move[] {
  if ([...scene.running].some((slice) => slice.kind === 'plan')) return [];
  const ready = scene.tables.filter((table) => table.status === 'ready').length;
  if (ready >= scene.settings.readers * 2) return [];
  const waiting = free(scene, 'waiting').filter(
    (table) => scene.snapshotReady || !(scene.oneSnapshot || table.needsSnapshot),
  );
  // The first group is small, so that reading begins at once.
  const isFirst = scene.tables.every((table) => table.lanes === 0);
  const tables = waiting.slice(0, isFirst ? Math.min(GROUP, Math.max(2, scene.settings.readers)) : GROUP);
  return tables.length === 0 ? [] : [{ move: 'plan', tables }];
}

const lanesLeft = (table: TableRecord): number => Math.max(1, table.lanes - table.endedLanes);

function read(scene: Scene): readonly Move[] {
  const reading = [...scene.running].filter((slice) => slice.kind === 'read');
  let readers = scene.settings.readers - reading.reduce((sum, slice) => sum + slice.readers, 0);
  // Largest first: it decides when the transfer is over.
  const ready = [...free(scene, 'ready')].sort((a, b) => (b.estimatedBytes ?? 0) - (a.estimatedBytes ?? 0));
  const waiting = scene.tables.filter((table) => table.status === 'waiting').length;
  if (ready.length === 0 && waiting === 0 && readers > 0) return rebalance(scene, reading);
  const moves: Move[] = [];
  for (const [index, table] of ready.entries()) {
    if (readers <= 0) break;
    const candidates = Math.min(readers, ready.length - index + waiting);
    const share = Math.min(Math.max(1, Math.floor(readers / candidates)), lanesLeft(table));
    moves.push({ move: 'read', table, readers: share });
    readers -= share;
  }
  return moves;
}

/** Readers are free and no table wants one: the table with most left is read anew by more of them. */
function rebalance(scene: Scene, reading: readonly RunningSlice[]): readonly Move[] {
  if (reading.some((slice) => slice.halted)) return [];
  const byId = new Map(scene.tables.map((table) => [table.id, table]));
  const left = (slice: RunningSlice): number => {
    const table = byId.get(slice.tables[0] ?? '');
    return table?.status === 'copying' ? lanesLeft(table) : 0;
  };
  const worthIt = reading
    .filter(
      (slice) => scene.nowMs - slice.startedAtMs >= REBALANCE_AFTER_MS && left(slice) > 2 * slice.readers,
    )
    .sort((a, b) => left(b) - left(a));
  return worthIt[0] ? [{ move: 'halt', slice: worthIt[0] }] : [];
}

function write(scene: Scene): readonly Move[] {
  const excluded = scene.tables.filter((table) => isExcluded(table.status)).map((table) => table.id);
  const awaited = scene.tables.length - excluded.length;
  const key = JSON.stringify([excluded, scene.revision]);
  const running = [...scene.running].find((slice) => slice.kind === 'write');
  if (running) return running.key !== key && !running.halted ? [{ move: 'halt', slice: running }] : [];
  const needed =
    scene.mode === 'drain' || scene.tables.some((table) => isMoving(table) && table.status !== 'waiting');
  if (!needed || scene.writerNotBeforeMs > scene.nowMs) return [];
  return [{ move: 'write', excluded, awaited, key }];
}

function verify(scene: Scene): readonly Move[] {
  let verifiers = VERIFIERS - [...scene.running].filter((slice) => slice.kind === 'verify').length;
  const copied = free(scene, 'copied');
  const moves: Move[] = [];
  for (let from = 0; verifiers > 0 && from < copied.length; from += GROUP, verifiers -= 1) {
    moves.push({ move: 'verify', tables: copied.slice(from, from + GROUP) });
  }
  return moves;
}
