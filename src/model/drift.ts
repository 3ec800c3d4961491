/**
 * How a target can have drifted from what captured changes take for granted: a row that is updated, or deleted, is not there; one that
 * is inserted is there already.
 */
export const DRIFT_KINDS = ['update', 'insert', 'delete'] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** How often it was found, since the rows were copied or, without a copy, since the first start. */
export type DriftCounts = Readonly<Record<DriftKind, number>>;

/** Of a table, by its id at the source. */
export interface TableDrift extends DriftCounts {
  readonly table: string;
}

/** Of a transfer: all of it, and by tables. */
export interface Drift extends DriftCounts {
  /** Those with the most, at most so many as a status shows. */
  readonly tables: readonly TableDrift[];
}

export const driftCount = ({ update, insert, delete: gone }: DriftCounts): number => update + insert + gone;

const SHOWN_TABLES = 10;

/** Null where nothing was counted. */
export function driftOf(tables: readonly TableDrift[]): Drift | null {
  if (tables.length === 0) return null;
  const total = { update: 0, insert: 0, delete: 0 };
  for (const each of tables) for (const kind of DRIFT_KINDS) total[kind] += each[kind];
  const most = tables.toSorted((one, other) => driftCount(other) - driftCount(one));
  return { ...total, tables: most.slice(0, SHOWN_TABLES) };
}
