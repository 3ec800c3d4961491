/** Of what is left out of one table's structure so much travels to the report; the worker's log has all of it. */
const TOLD = 20;
const TOLD_CHARS = 300;

/** Definitions of the catalog, never a row (invariant 1); cut, for Temporal keeps them. */
export const tellLeftOut = (
  leftOut: readonly string[],
): { readonly leftOut: number; readonly leftOutSql: readonly string[] } => ({
  leftOut: leftOut.length,
  leftOutSql: leftOut
    .slice(0, TOLD)
    .map((sql) => (sql.length > TOLD_CHARS ? `${sql.slice(0, TOLD_CHARS)}…` : sql)),
});
