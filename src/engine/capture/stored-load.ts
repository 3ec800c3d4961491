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
