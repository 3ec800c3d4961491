import { type Carry, packState } from '../../src/workflows/carry.ts';
import { freshState, freshTable, type TableRecord } from '../../src/workflows/control-state.ts';
import { standInPrepared } from './stand-in-activities.ts';

/** What an earlier run of the workflow carried, whose one table is `main.a`. */
export function carryOf(transfer: string, changes: Partial<TableRecord>): Carry {
  const state = freshState({ transfer }, Date.now());
  const { settings, tables: _, warnings: __, ...prepared } = standInPrepared(['main.a']);
  const table = { ...freshTable('main.a', 1), ...changes };
  return packState({ ...state, prepared, settings, tables: [table] });
}
