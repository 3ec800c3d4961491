import type { LaneOfRun } from '../activities/contract.ts';
import type { Share } from '../model/lane.ts';
import type { TransferSettings } from '../model/transfer-settings.ts';
import { isExcluded, isMoving, type TableRecord } from './control-state.ts';
import { haltAll } from './halt-all.ts';
import { check } from './check-moves.ts';
import { loads } from './load-moves.ts';
import { heldLanes, isChanges, mayFinish, mayVerify, relay } from './relay-moves.ts';
import { readersOf, shareRates } from './share-rates.ts';

/** A running slice: one activity. `key` is what it was started with; a writer whose key is stale is started anew. */
export interface RunningSlice {
  readonly kind: 'plan' | 'read' | 'load' | 'relay' | 'write' | 'finish' | 'verify' | 'link' | 'check';
  readonly tables: readonly string[];
  readonly readers: number;
  /** Which of the slices that share the table, or the writers; null: it has all. */
  readonly share: Share | null;
  /** Of the transfer's rates, for a slice that reads. */
  readonly rateShare: number;
  /** Ended before its table is, it begins again: a query without a key. */
  readonly inOne: boolean;
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
  /** Nothing begins that cannot be cut. */
  readonly settling?: boolean;
  readonly tables: readonly TableRecord[];
  readonly running: ReadonlySet<RunningSlice>;
  readonly settings: TransferSettings;
  readonly revision: number;
  /** All tables wait for the one snapshot. */
  readonly oneSnapshot: boolean;
  readonly snapshotReady: boolean;
  /** Changes are moved too; absent: they are not. */
  readonly changes?: {
    readonly caughtUp: boolean;
    readonly draining: boolean;
    /** There is nothing to apply. */
    readonly toTopics?: boolean;
    /** See Prepared. */
    readonly lanes?: readonly LaneOfRun[];
  };
  /** Both sides are to be compared while changes flow, from then on; absent: nobody wants it, or it is done. */
  readonly check?: { readonly notBeforeMs: number };
  /** Rows or bytes are limited: one table is read at a time, so that one slice can count them. */
  readonly oneReading: boolean;
  readonly writerNotBeforeMs: number;
  /** The most readers and writers of one slice. */
  readonly sliceReaders: number;
  readonly sliceWriters: number;
}

export type Move =
  | { readonly move: 'halt'; readonly slice: RunningSlice }
  | { readonly move: 'plan'; readonly tables: readonly TableRecord[] }
  | {
      readonly move: 'read';
      readonly table: TableRecord;
      /** Of this slice, and of all slices of the table. */
      readonly readers: number;
      readonly readersOfAll: number;
      readonly share: Share | null;
      /** Of the transfer's rates. */
      readonly rateShare: number;
    }
  /** Lanes of the changes. */
  | {
      readonly move: 'relay';
      readonly tables: readonly TableRecord[];
      readonly drain: boolean;
      readonly key: string;
    }
  /** Existing rows become events of a topic. */
  | { readonly move: 'load'; readonly table: TableRecord }
  /** Small tables that one reader reads in one slice. */
  | { readonly move: 'read-small'; readonly tables: readonly TableRecord[] }
  | {
      readonly move: 'write';
      readonly excluded: readonly string[];
      readonly awaited: number;
      readonly key: string;
      readonly share: Share | null;
    }
  /** Of all tables, while changes flow. */
  | { readonly move: 'check' }
  | { readonly move: 'finish' | 'verify' | 'link'; readonly tables: readonly TableRecord[] };

/** Tables planned or verified in one activity: an activity costs 0.1 s and about ten events. */
const GROUP = 10;
/** Of thousands of tables more are planned at once: looking them up takes as long for many as for one. */
const LARGE_GROUP = 50;
const MANY_TABLES = 1_000;
const VERIFIERS = 2;
/** Each keeps one connection of the target at work, and of PostgreSQL several of its processes. */
const FINISHERS = 4;
const LINKERS = 2;
/** A table up to this size shares a slice with others: its indexes are a matter of seconds. */
const SMALL_BYTES = 32 * 1024 * 1024;
/** Tables that one reader reads in one slice, where there are many and each is one range of few bytes. */
const SMALL_GROUP = 20;
const MANY_SMALL = 50;
const READ_SMALL_BYTES = 4 * 1024 * 1024;
const READ_SMALL_ROWS = 10_000;
/** A table being read gets more readers only when it will still take a while: the change costs about a second. */
const REBALANCE_AFTER_MS = 30_000;

/**
 * Decides what to start and what to end, from the state alone; pure, so that it is tested without a server and replays.
 * The caller carries the moves out and asks again whenever something changed.
 */
export function decide(scene: Scene): readonly Move[] {
  if (scene.mode === 'halt') return haltAll(scene, () => true);
  if (scene.mode === 'drain') return [...haltAll(scene, (slice) => slice.kind !== 'write'), ...write(scene)];
  const plans = plan(scene);
  return [
    ...stale(scene),
    ...plans,
    ...(scene.changes?.toTopics ? loads(scene, free(scene, 'ready')) : read(scene)),
    ...relay(scene, plans.length > 0),
    ...write(scene),
    ...(scene.settling === true ? [] : [...finish(scene), ...verify(scene), ...link(scene)]),
    ...check(scene),
  ];
}

/** Workflow time at which a table or the writer, put off after a failure, is due again; null: none is. */
export function nextDueMs(scene: Scene): number | null {
  const times = scene.tables
    .filter((table) => isMoving(table) || WAITING.has(table.status))
    .map((table) => table.notBeforeMs);
  const due = [...times, scene.writerNotBeforeMs, scene.check?.notBeforeMs ?? 0].filter(
    (timeMs) => timeMs > scene.nowMs,
  );
  return due.length === 0 ? null : Math.min(...due);
}

/** What follows when it is due. */
const WAITING: ReadonlySet<TableRecord['status']> = new Set(['copied', 'built', 'verified']);

const LEFT: ReadonlySet<TableRecord['status']> = new Set(['waiting', 'pausing', 'paused', 'skipped']);

/** Slices whose table is not to be read any more, or that have old settings. */
function stale(scene: Scene): readonly Move[] {
  const statusOf = new Map(scene.tables.map((table) => [table.id, table.status]));
  return haltAll(scene, (slice) => {
    // Paused, skipped or wanted anew: the statement at work is ended; the others of the slice begin another one.
    if (slice.kind === 'finish' || slice.kind === 'link')
      return slice.tables.some((id) => LEFT.has(statusOf.get(id) ?? 'waiting'));
    if (slice.kind !== 'read') return false;
    // A copied table's reader is about to return by itself.
    const isRead = (id: string): boolean => ['copying', 'copied'].includes(statusOf.get(id) ?? '');
    return slice.revision !== scene.revision || !slice.tables.every(isRead);
  });
}

function free(scene: Scene, status: TableRecord['status']): readonly TableRecord[] {
  const busy = new Set([...scene.running].flatMap((slice) => slice.tables));
  return scene.tables.filter(
    (table) =>
      table.status === status && !busy.has(table.id) && table.notBeforeMs <= scene.nowMs && !isChanges(table),
  );
}

function plan(scene: Scene): readonly Move[] {
  if ([...scene.running].some((slice) => slice.kind === 'plan')) return [];
  const ready = scene.tables.filter((table) => table.status === 'ready' && !isChanges(table)).length;
  if (ready >= scene.settings.readers * 2 * (hasManySmall(scene) ? SMALL_GROUP : 1)) return [];
  const waiting = free(scene, 'waiting').filter(
    (table) => scene.snapshotReady || !(scene.oneSnapshot || table.needsSnapshot),
  );
  // The first group is small, so that reading begins at once.
  const isFirst = scene.tables.every((table) => table.lanes === 0);
  const group = scene.tables.length > MANY_TABLES ? LARGE_GROUP : GROUP;
  const tables = waiting.slice(0, isFirst ? Math.min(GROUP, Math.max(2, scene.settings.readers)) : group);
  return tables.length === 0 ? [] : [{ move: 'plan', tables }];
}

/** Histories of older versions know no such slices. */
const hasManySmall = (scene: Scene): boolean =>
  Number.isFinite(scene.sliceReaders) &&
  scene.tables.length >= MANY_SMALL &&
  // Limits and rates are kept slice by slice and table by table.
  !scene.oneReading &&
  scene.settings.ratePerSecond === 0 &&
  (scene.settings.bytesPerSecond ?? 0) === 0;

const isReadSmall = ({ lanes, needsSnapshot, estimatedBytes, estimatedRows }: TableRecord): boolean =>
  lanes === 1 &&
  !needsSnapshot &&
  (estimatedBytes === null
    ? estimatedRows !== null && estimatedRows <= READ_SMALL_ROWS
    : estimatedBytes <= READ_SMALL_BYTES);

/** Small tables by the slices that read them. */
function smallGroups(scene: Scene, ready: readonly TableRecord[]): readonly (readonly TableRecord[])[] {
  const small = hasManySmall(scene) && !scene.oneSnapshot ? ready.filter(isReadSmall) : [];
  const count = Math.ceil(small.length / SMALL_GROUP);
  return Array.from({ length: count }, (_, n) => small.slice(n * SMALL_GROUP, (n + 1) * SMALL_GROUP));
}

const lanesLeft = (table: TableRecord): number => Math.max(1, table.lanes - table.endedLanes);

/** Workers take slices, so what many readers do is cut into several; null: one slice has all. */
function sharesOf(total: number, sliceMost: number): readonly (Share | null)[] {
  const of = Math.ceil(total / sliceMost);
  return of <= 1 ? [null] : Array.from({ length: of }, (_, index) => ({ part: index + 1, of }));
}

/** The slices of all readers of a table, each with an even part of them. */
const readMoves = (scene: Scene, table: TableRecord, readersOfAll: number): readonly ReadMove[] =>
  sharesOf(readersOfAll, scene.oneReading ? Infinity : scene.sliceReaders).map((share) => {
    const { part, of } = share ?? { part: 1, of: 1 };
    const readers = Math.floor(readersOfAll / of) + (part <= readersOfAll % of ? 1 : 0);
    return { move: 'read', table, readers, readersOfAll, share, rateShare: 1 };
  });
export type ReadMove = Extract<Move, { move: 'read' }>;

/** Tables of which one slice ended before the others, by its time or by an error, get that slice again. */
function readOn(scene: Scene, reading: readonly RunningSlice[]): readonly ReadMove[] {
  return scene.tables
    .filter((table) => table.status === 'copying' && table.readers > 0)
    .flatMap((table) => {
      const slices = reading.filter(({ tables }) => tables[0] === table.id);
      const isOld = ({ halted, share, revision }: RunningSlice): boolean =>
        halted || share === null || revision !== scene.revision;
      // Old ones are to begin anew all together; without any, the table is about to be ready again.
      if (slices.length === 0 || slices.some(isOld)) return [];
      const runs = new Set(slices.map(({ share }) => share?.part));
      return readMoves(scene, table, table.readers).filter(
        ({ share }) => share && !runs.has(share.part) && !table.partsEnded.includes(share.part),
      );
    });
}

function read(scene: Scene): readonly Move[] {
  const reading = [...scene.running].filter((slice) => slice.kind === 'read');
  if (scene.oneReading && reading.length > 0) return [];
  const missing = readOn(scene, reading);
  let readers = scene.settings.readers - readersOf(reading) - readersOf(missing);
  // Largest first: it decides when the transfer is over.
  const ready = [...free(scene, 'ready')].sort((a, b) => (b.estimatedBytes ?? 0) - (a.estimatedBytes ?? 0));
  const waiting = scene.tables.filter((table) => table.status === 'waiting' && !isChanges(table)).length;
  if (ready.length === 0 && waiting === 0 && missing.length === 0) {
    const halts = readers > 0 ? rebalance(scene, reading) : [];
    return halts.length > 0
      ? halts
      : shareRates(scene.settings, { reading, moves: [], isAll: true, nowMs: scene.nowMs });
  }
  const moves = missing.filter(({ table }) => table.notBeforeMs <= scene.nowMs);
  const groups = smallGroups(scene, ready);
  const grouped = new Set(groups.flat());
  const alone = ready.filter((table) => !grouped.has(table));
  let served = 0;
  for (const [index, table] of alone.entries()) {
    if (readers <= 0 || (scene.oneReading && index > 0)) break;
    const candidates = scene.oneReading
      ? 1
      : Math.min(readers, alone.length - index + groups.length + waiting);
    const share = Math.min(Math.max(1, Math.floor(readers / candidates)), lanesLeft(table));
    moves.push(...readMoves(scene, table, share));
    served += 1;
    readers -= share;
  }
  const isAll = waiting === 0 && served === ready.length && moves.length >= missing.length;
  return [
    ...shareRates(scene.settings, { reading, moves, isAll, nowMs: scene.nowMs }),
    ...groups.slice(0, Math.max(0, readers)).map((tables): Move => ({ move: 'read-small', tables })),
  ];
}

/** Readers are free and no table wants one: the table with most left is read anew by more of them. */
function rebalance(scene: Scene, reading: readonly RunningSlice[]): readonly Move[] {
  if (reading.some((slice) => slice.halted)) return [];
  const byId = new Map(scene.tables.map((table) => [table.id, table]));
  const left = (slice: RunningSlice): number => {
    const table = byId.get(slice.tables[0] ?? '');
    return table?.status === 'copying' ? lanesLeft(table) : 0;
  };
  const together = (slice: RunningSlice): readonly RunningSlice[] =>
    reading.filter(({ tables }) => tables[0] === slice.tables[0]);
  const [worst] = reading
    .filter(
      (slice) =>
        scene.nowMs - slice.startedAtMs >= REBALANCE_AFTER_MS && left(slice) > 2 * readersOf(together(slice)),
    )
    .sort((a, b) => left(b) - left(a));
  return worst ? together(worst).map((slice) => ({ move: 'halt', slice })) : [];
}

function write(scene: Scene): readonly Move[] {
  // Of changes that may not be applied yet nothing is on its way but what a slice published before a table was wanted anew.
  const held = heldLanes(scene.tables, scene.changes?.lanes);
  const isLeft = (table: TableRecord): boolean => isExcluded(table.status) || held.has(table.id);
  const excluded = scene.tables.filter(isLeft).map((table) => table.id);
  const awaited = scene.tables.length - excluded.length;
  const key = JSON.stringify([excluded, scene.revision]);
  const running = [...scene.running].filter((slice) => slice.kind === 'write');
  // New ones begin when all old ones have ended: how many share the writers may be another number.
  if (running.some((slice) => slice.key !== key || slice.halted))
    return haltAll(scene, (slice) => slice.kind === 'write' && slice.key !== key);
  const needed =
    scene.mode === 'drain' || scene.tables.some((table) => isMoving(table) && table.status !== 'waiting');
  if (!needed || scene.changes?.toTopics || scene.writerNotBeforeMs > scene.nowMs) return [];
  const parts = new Set(running.map(({ share }) => share?.part ?? 1));
  return sharesOf(scene.settings.writers, scene.sliceWriters)
    .filter((share) => !parts.has(share?.part ?? 1))
    .map((share) => ({ move: 'write', excluded, awaited, key, share }));
}

const places = (scene: Scene, kind: RunningSlice['kind'], most: number): number =>
  most - [...scene.running].filter((slice) => slice.kind === kind).length;

const isSmall = ({ bytes, estimatedBytes }: TableRecord): boolean =>
  Math.max(bytes, estimatedBytes ?? 0) <= SMALL_BYTES;

/** Small tables together, large ones each for itself: a long index holds nobody up. */
function inGroups(tables: readonly TableRecord[]): readonly (readonly TableRecord[])[] {
  const small = tables.filter(isSmall);
  const groups: (readonly TableRecord[])[] = tables
    .filter((table) => !isSmall(table))
    .map((table) => [table]);
  for (let from = 0; from < small.length; from += GROUP) groups.push(small.slice(from, from + GROUP));
  return groups;
}

const finish = (scene: Scene): readonly Move[] =>
  inGroups(mayFinish(scene) ? free(scene, 'copied') : [])
    .slice(0, Math.max(0, places(scene, 'finish', Math.min(FINISHERS, scene.settings.writers))))
    .map((tables) => ({ move: 'finish', tables }));

function verify(scene: Scene): readonly Move[] {
  let verifiers = places(scene, 'verify', VERIFIERS);
  const built = mayVerify(scene.tables) ? free(scene, 'built') : [];
  const moves: Move[] = [];
  for (let from = 0; verifiers > 0 && from < built.length; from += GROUP, verifiers -= 1) {
    moves.push({ move: 'verify', tables: built.slice(from, from + GROUP) });
  }
  return moves;
}

/** Nothing more of a parent in these is awaited: its rows and keys are there, or it is left out for good. */
const ARRIVED: ReadonlySet<TableRecord['status']> = new Set([
  'verified',
  'linking',
  'finished',
  'failed',
  'skipped',
]);

/** Foreign keys, of each table as soon as its parents are there; tables in a circle are each other's. */
function link(scene: Scene): readonly Move[] {
  const byId = new Map(scene.tables.map((table) => [table.id, table.status]));
  const ready = free(scene, 'verified').filter((table) =>
    (table.parents ?? []).every((parent) => ARRIVED.has(byId.get(parent) ?? 'skipped')),
  );
  return inGroups(ready)
    .slice(0, Math.max(0, places(scene, 'link', LINKERS)))
    .map((tables) => ({ move: 'link', tables }));
}
