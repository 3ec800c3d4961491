import type { LaneTables } from '../ports/change-capture.ts';

/** Two captured tables by their numbers, of which one refers to the other. */
export type Join = readonly [number, number];

export interface LanesWanted {
  /** Numbers of the captured tables that a transfer takes. */
  readonly tables: readonly number[];
  /** Of these each has a lane of its own, beyond all others and whatever joins it. */
  readonly alone?: readonly number[];
  /** Of tables whose changes must stay in order; those of other tables mean nothing. */
  readonly joins: readonly Join[];
  /** Lanes that were registered before: they stay as they are for ever. */
  readonly standing: readonly LaneTables[];
  /** Lanes that there are to be at most. */
  readonly most: number;
}

export interface AssignedLanes {
  /** Those that stand, then those that are new. */
  readonly lanes: readonly LaneTables[];
  /** Joins of tables in different lanes: nothing keeps the order between those. */
  readonly parted: readonly Join[];
}

/** Groups of tables that are joined with each other, also by way of others: the largest first. */
function components(tables: readonly number[], joins: readonly Join[]): readonly (readonly number[])[] {
  const groups = new Map(tables.map((table) => [table, [table]]));
  for (const [one, other] of joins) {
    const first = groups.get(one);
    const second = groups.get(other);
    if (!first || !second || first === second) continue;
    first.push(...second);
    for (const table of second) groups.set(table, first);
  }
  return [...new Set(groups.values())]
    .map((group) => group.toSorted((a, b) => a - b))
    .sort((a, b) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0));
}

/** Onto so many lanes at most, as evenly as their sizes let it. */
function deal(groups: readonly (readonly number[])[], most: number): readonly (readonly number[])[] {
  const lanes: number[][] = Array.from({ length: Math.min(groups.length, most) }, () => []);
  for (const group of groups) {
    const least = lanes.reduce((a, b) => (b.length < a.length ? b : a));
    least.push(...group);
  }
  return lanes.map((lane) => lane.toSorted((a, b) => a - b));
}

/**
 * Which lane has which tables: those that are joined are in one, and groups of them are dealt onto as many lanes as there may be. The
 * same for the same request, whoever asks. A table that is in no lane yet goes to a new one, for the claims of a lane mean the tables
 * that it was registered with; so there may be more lanes than wanted, and joins that are parted.
 */
export function assignLanes({ tables, alone = [], joins, standing, most }: LanesWanted): AssignedLanes {
  const laneOf = new Map(standing.flatMap((lane) => lane.tables.map((table) => [table, lane.lane])));
  const fresh = [...new Set(tables)].filter((table) => !laneOf.has(table)).toSorted((a, b) => a - b);
  const last = Math.max(0, ...standing.map(({ lane }) => lane));
  const together = fresh.filter((table) => !alone.includes(table));
  const groups = [
    ...deal(components(together, joins), Math.max(1, most - standing.length)),
    ...fresh.filter((table) => alone.includes(table)).map((table) => [table]),
  ];
  const added = groups.map((numbers, index) => ({ lane: last + index + 1, tables: numbers }));
  for (const { lane, tables: numbers } of added) for (const table of numbers) laneOf.set(table, lane);
  const wanted = new Set(tables);
  const isParted = ([one, other]: Join): boolean =>
    wanted.has(one) && wanted.has(other) && laneOf.get(one) !== laneOf.get(other);
  return { lanes: [...standing, ...added], parted: joins.filter(isParted) };
}
