import type { Control } from './control.ts';
import { type ControlState, isCopied, isSettled } from './control-state.ts';

/** Reads no more; what is read is still applied. A person who stopped it before has the word. */
export function reachLimit({ state, touch }: Control, limit: string): void {
  if (state.stopping !== null) return;
  state.stopping = { text: `limit reached: ${limit}`, by: null, at: new Date().toISOString() };
  state.limitReached = true;
  state.paused = null;
  touch();
}

/** When it reads no more for a limit of time; null: nothing would be read after it. */
export function readsUntilMs({ prepared, tables, stopping, startedAtMs }: ControlState): number | null {
  const timeMs = prepared?.limits?.timeMs ?? null;
  const isReading = tables.some((table) => !isSettled(table.status) && !isCopied(table));
  return timeMs === null || !isReading || stopping !== null ? null : startedAtMs + timeMs;
}

/** Ends the reading when the time is up. @returns when that is, as readsUntilMs */
export function watchTime(control: Control, nowMs: number): number | null {
  const endsAtMs = readsUntilMs(control.state);
  if (endsAtMs === null || nowMs < endsAtMs) return endsAtMs;
  reachLimit(control, `${control.state.prepared?.limits?.time ?? ''} since the start`);
  return null;
}
