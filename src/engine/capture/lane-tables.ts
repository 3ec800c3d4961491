import type { Runs } from './id-runs.ts';

/** A lane, and what of the events it may still need. */
export interface Needing {
  readonly transfer: string;
  readonly lane: number;
  readonly tables: readonly number[];
  readonly needed: Runs;
}

/** Tables of a lane by which other lanes have them too. */
export function bySharing(own: Needing | undefined, lanes: readonly Needing[]) {
  const groups = new Map<string, { tables: number[]; others: readonly Needing[] }>();
  for (const table of own?.tables ?? []) {
    const others = lanes.filter((each) => each !== own && each.tables.includes(table));
    const key = others.map(({ transfer, lane }) => `${lane} ${transfer}`).join('\n');
    const group = groups.get(key) ?? { tables: [], others };
    groups.set(key, group);
    group.tables.push(table);
  }
  return groups.values();
}

/** `1,2,5` */
export const encodeNumbers = (numbers: readonly number[]): string =>
  [...new Set(numbers)].sort((a, b) => a - b).join(',');
export const decodeNumbers = (text: string | null | undefined): readonly number[] =>
  text ? text.split(',').map(Number) : [];
