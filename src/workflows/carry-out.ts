import { compareLive } from './checking.ts';
import { readSmall } from './read-small.ts';
import type { Control } from './control.ts';
import { finishTables } from './finishing.ts';
import { relayChanges } from './relaying.ts';
import { loadTable } from './loading.ts';
import type { Move } from './schedule.ts';
import { planTables, readTable, verifyTables, writeBatches } from './slices.ts';

/** Carries one decision out; resolves when the slice has ended and the state says what came of it. */
// oxlint-disable-next-line consistent-return -- the switch is exhaustive
export function carryOut(control: Control, move: Move): Promise<void> {
  switch (move.move) {
    case 'plan':
      return planTables(control, move.tables);
    case 'read':
      return readTable(control, move);
    case 'read-small':
      return readSmall(control, move.tables);
    case 'load':
      return loadTable(control, move);
    case 'relay':
      return relayChanges(control, move);
    case 'write':
      return writeBatches(control, move);
    case 'finish':
    case 'link':
      return finishTables(control, move.move, move.tables);
    case 'verify':
      return verifyTables(control, move.tables);
    case 'check':
      return compareLive(control);
    case 'halt':
      control.halt(move.slice);
      return Promise.resolve();
  }
}
