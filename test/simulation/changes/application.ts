import type { World } from '../world.ts';
import { type CapturedEvent, type CapturedSource, rowKey } from './captured-source.ts';

export interface ApplicationOptions {
  readonly sessions: number;
  readonly tables: readonly number[];
  readonly keys: number;
  /** Longest pause between two statements of a transaction: long ones commit behind many others. */
  readonly mostPauseMs: number;
  readonly forMs: number;
}

type Draft = Omit<CapturedEvent, 'commit'>;

/** One open transaction: what it changed, and the rows that it has locked. */
interface Open {
  readonly locked: Set<string>;
  readonly events: Draft[];
  readonly rows: Map<string, number | null>;
  readonly versions: Map<string, number>;
}

/**
 * Sessions that change rows in transactions of any length, some rolled back. A row that is changed is locked until its transaction
 * ends, as in a database: so ids of a key are in the order of its commits, and others are not.
 */
export function startApplication(world: World, source: CapturedSource, options: ApplicationOptions) {
  const { random } = world;
  const { sessions, tables, keys, mostPauseMs, forMs } = options;
  const untilMs = world.now() + forMs;
  const locks = new Set<string>();
  let running = sessions;
  const enders: (() => void)[] = [];

  const record = (open: Open, event: Omit<Draft, 'id'>): void => {
    const row = rowKey(event.table, event.key);
    open.events.push({ ...event, id: (source.ids += 1) });
    open.rows.set(row, event.new);
    if (event.new !== null) open.versions.set(row, event.new);
  };
  const isFree = (open: Open, row: string): boolean => open.locked.has(row) || !locks.has(row);
  const lock = (open: Open, row: string): void => {
    locks.add(row);
    open.locked.add(row);
  };
  const rowOf = (open: Open, row: string): number | null =>
    open.rows.has(row) ? (open.rows.get(row) ?? null) : (source.rows.get(row) ?? null);
  const nextVersion = (open: Open, row: string): number =>
    (open.versions.get(row) ?? source.versions.get(row) ?? 0) + 1;

  const empty = (open: Open, table: number): void => {
    const rows = Array.from({ length: keys }, (_, at) => rowKey(table, at + 1));
    if (!rows.every((row) => isFree(open, row))) return;
    for (const row of rows) {
      lock(open, row);
      open.rows.set(row, null);
    }
    open.events.push({ id: (source.ids += 1), table, operation: 'T', key: 0, old: null, new: null });
  };

  const change = (open: Open): void => {
    const table = random.pick(tables);
    if (random.chance(0.01)) return empty(open, table);
    const key = random.int(1, keys);
    const row = rowKey(table, key);
    if (!isFree(open, row)) return;
    lock(open, row);
    const old = rowOf(open, row);
    if (old === null) {
      record(open, { table, operation: 'I', key, old: null, new: nextVersion(open, row) });
      return;
    }
    const luck = random.next();
    if (luck < 0.15) record(open, { table, operation: 'D', key, old, new: null });
    else if (luck < 0.3) move(open, { table, key, old });
    else record(open, { table, operation: 'U', key, old, new: nextVersion(open, row) });
  };

  /** Another key: a delete and an insert. */
  const move = (open: Open, from: { table: number; key: number; old: number }): void => {
    const to = random.int(1, keys);
    const row = rowKey(from.table, to);
    if (!isFree(open, row) || rowOf(open, row) !== null) return;
    lock(open, row);
    record(open, { ...from, operation: 'D', new: null });
    record(open, { table: from.table, operation: 'I', key: to, old: null, new: nextVersion(open, row) });
  };

  const commit = (open: Open): void => {
    source.commits += 1;
    const events = open.events.map((event) => ({ ...event, commit: source.commits }));
    source.events.push(...events);
    source.all.push(...events);
    for (const [row, version] of open.rows) {
      if (version === null) source.rows.delete(row);
      else source.rows.set(row, version);
    }
    for (const [row, version] of open.versions) source.versions.set(row, version);
    world.trace(
      () => `application commits ${events.map(({ id, operation }) => `${operation}${id}`).join(' ')}`,
    );
  };

  const session = (): void => {
    if (world.now() >= untilMs) {
      running -= 1;
      if (running === 0) for (const end of enders) end();
      return;
    }
    const open: Open = { locked: new Set(), events: [], rows: new Map(), versions: new Map() };
    const step = (left: number): void => {
      if (left > 0) {
        change(open);
        world.at(random.int(0, mostPauseMs), () => step(left - 1));
        return;
      }
      if (!random.chance(0.1)) commit(open);
      for (const row of open.locked) locks.delete(row);
      world.at(random.latencyMs(random.pick([5, 50])), session);
    };
    step(random.int(1, 5));
  };
  for (let at = 0; at < sessions; at += 1) world.at(random.int(0, 20), session);

  return {
    /** Nobody writes any more. */
    hasEnded: (): boolean => running === 0,
    onEnd: (end: () => void): void => void enders.push(end),
  };
}
export type Application = ReturnType<typeof startApplication>;
