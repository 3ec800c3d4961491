import type { Control } from './control.ts';

/** So much of what is left out is carried along; the worker's log has the rest. */
const MAX_LEFT_OUT = 100;

/** What the target does not get of a table; told again after another attempt it is the same. */
export function leaveOut(control: Control, table: string, count: number, sql: readonly string[] = []): void {
  const { state } = control;
  const isNew = (each: string): boolean =>
    !state.leftOut.some((known) => known.table === table && known.sql === each);
  const added = sql.filter(isNew);
  if (count === 0 || (sql.length > 0 && added.length === 0)) return;
  state.leftOutCount += count - (sql.length - added.length);
  state.leftOut = [...state.leftOut, ...added.map((each) => ({ table, sql: each }))].slice(0, MAX_LEFT_OUT);
  control.warn(
    `${table}: ${count} parts of its structure are left out; report and sluice plan have their SQL`,
  );
}
