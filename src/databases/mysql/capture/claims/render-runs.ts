import type { Runs } from '../../../../engine/capture/id-runs.ts';

/** So many runs stand in one statement at most. */
export const RUNS_A_STATEMENT = 500;

export function* chunksOf(runs: Runs, size = RUNS_A_STATEMENT): Generator<Runs> {
  for (let at = 0; at < runs.length; at += size) yield runs.slice(at, at + size);
}

/** The ids of some runs as a condition. */
export const renderIds = (runs: Runs, column = 'id'): string =>
  runs.length === 0
    ? 'FALSE'
    : `(${runs
        .map(({ from, to }) => (from === to ? `${column} = ${from}` : `${column} BETWEEN ${from} AND ${to}`))
        .join(' OR ')})`;
