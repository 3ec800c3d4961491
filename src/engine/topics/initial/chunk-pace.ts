/** A chunk keeps whoever changes its rows waiting for about so long. */
const WANTED_MS = 15;
const FIRST_ROWS = 100;
/** Fewer take no less time: what is left then is the way to the source and back. */
const LEAST_ROWS = 50;
const MOST_ROWS = 5_000;
/** About so many bytes of rows in a chunk, where the source knows how long its rows are. */
const MOST_BYTES = 2 * 1024 * 1024;
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 1_000;

/** How many rows are asked for next, by how long the chunks before took. */
export interface ChunkPace {
  rows(): number;
  /** One was written. */
  took(ms: number): void;
  /** Others held rows of one: it is asked for again, smaller. @returns how long to leave them alone */
  held(): number;
}

/** @param rowBytes  of a row on average; null: not known */
export function createPace(rowBytes: number | null): ChunkPace {
  const most = Math.max(
    1,
    Math.min(MOST_ROWS, rowBytes === null ? MOST_ROWS : Math.floor(MOST_BYTES / Math.max(1, rowBytes))),
  );
  let rows = Math.min(FIRST_ROWS, most);
  /** So many rows were free at once: above it chunks grow slowly, for rows that many change are never all free. */
  let known = most;
  let waitMs = FIRST_WAIT_MS;
  return {
    rows: () => rows,
    took: (ms) => {
      waitMs = FIRST_WAIT_MS;
      // Twice as many at most: the next rows may be longer.
      const wanted = Math.max(LEAST_ROWS, Math.floor(rows * Math.min(2, WANTED_MS / Math.max(1, ms))));
      const grown = rows < known ? Math.min(wanted, Math.max(known, rows + 1)) : rows + 1 + (rows >> 3);
      rows = Math.max(1, Math.min(most, wanted, grown));
      known = Math.max(known, rows);
    },
    held: () => {
      rows = Math.max(1, rows >> 1);
      known = rows;
      const now = waitMs;
      waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs);
      // Not in the rhythm of whoever holds them.
      return now * (0.5 + Math.random());
    },
  };
}
