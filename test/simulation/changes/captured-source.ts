import type { ChangeLetter } from '../../../src/model/change-event.ts';

/** What a trigger wrote, once its transaction has committed. */
export interface CapturedEvent {
  /** Drawn before the commit: not the order of commits. */
  readonly id: number;
  readonly table: number;
  readonly operation: ChangeLetter;
  readonly key: number;
  /** Versions of the row before and after; null where there is none. */
  readonly old: number | null;
  readonly new: number | null;
  /** Order of the commits; that of its transaction. */
  commit: number;
}

/** Versions of rows that are there, by `rowKey`. */
export type Rows = ReadonlyMap<string, number>;

export interface SealedClaim {
  readonly events: readonly CapturedEvent[];
  confirmedAtMs: number | null;
}

export interface CapturedLane {
  readonly tables: readonly number[];
  /** Commits before it are no concern of the lane. */
  readonly since: number;
  /** Ids below it had been drawn then. */
  readonly firstId: number;
  /** The rows as they were when it was registered, and the last version that each key ever had. */
  readonly begin: { readonly rows: Rows; readonly versions: Rows };
  epoch: string;
  sealed: number;
  confirmed: number;
  readonly claims: Map<number, SealedClaim>;
  /** Events of every claim that was ever sealed, as they were then. */
  readonly history: Map<number, readonly CapturedEvent[]>;
  /** Ids of events in claims, for ever. */
  readonly taken: Set<number>;
}

export const rowKey = (table: number, key: number): string => `${table}/${key}`;

/** A source with captured tables: rows, events, lanes and their claims. */
export function createCapturedSource() {
  return {
    rows: new Map<string, number>(),
    /** Grows for ever, also over deletions: the last version of each key. */
    versions: new Map<string, number>(),
    /** Committed and not freed. */
    events: [] as CapturedEvent[],
    /** Committed, ever. */
    all: [] as CapturedEvent[],
    commits: 0,
    ids: 0,
    epochs: 0,
    /** By transfer: each has one lane. */
    lanes: new Map<string, CapturedLane>(),
  };
}
export type CapturedSource = ReturnType<typeof createCapturedSource>;

/** All that a lane carries, in the order of ids. */
export const eventsOfLane = (source: CapturedSource, lane: CapturedLane): readonly CapturedEvent[] =>
  source.all
    .filter(({ table, commit }) => lane.tables.includes(table) && commit > lane.since)
    .sort((one, other) => one.id - other.id);

const payload = (key: number, version: number | null): string =>
  version === null ? '\\N' : `{"id": ${key}, "v": "v${version}"}`;

/** An event as a line of a block. */
export const lineOf = ({ id, table, operation, key, old, new: now, commit }: CapturedEvent): string =>
  `${[id, table, operation, commit, '2026-01-01 00:00:00+00', 'app', operation === 'T' ? '\\N' : `{"id": ${key}}`, payload(key, old), payload(key, now)].join('\t')}\n`;
