import type { LoadProgress } from '../../ports/initial-load.ts';

/** Texts of the values of the columns of a load's order, by which the database compares them. */
export type LoadPosition = readonly string[];

/** How far a load is. */
export interface StoredLoad {
  readonly generation: number;
  readonly after: LoadPosition | null;
  readonly isDone: boolean;
}

/** @param position  JSON text as it was stored; else none was */
export const storedLoad = (generation: unknown, position: unknown, isDone: boolean): StoredLoad => ({
  generation: Number(generation),
  after: typeof position === 'string' ? (JSON.parse(position) as LoadPosition) : null,
  isDone,
});

/**
 * How far a load is, from the cells number of the table, generation, events, and whether it is done.
 * @param yes  what the database gives for that
 */
export const loadOfCells =
  (yes: unknown) =>
  ([table, generation, events, isDone]: readonly unknown[]): LoadProgress => ({
    table: Number(table),
    generation: Number(generation),
    rows: Number(events),
    isDone: isDone === yes,
  });
