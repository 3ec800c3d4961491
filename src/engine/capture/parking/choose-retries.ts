import type { ParkedState } from '../../../model/quarantine.ts';
import type { ClaimLimits } from '../../ports/change-capture.ts';
import { ANY_KEY, type ParkedMark, type RetryPolicy } from '../../ports/event-parking.ts';

/** One event that is set apart, as the next claim of them is chosen by it. */
export interface ParkedRow extends ParkedMark {
  readonly state: ParkedState;
  /** A waiting one whose time has come. */
  readonly isDue: boolean;
  /** It is in a claim that is not confirmed. */
  readonly isSealed: boolean;
  readonly bytes: number;
}

/** What of a table stands before an event. */
class Before {
  /** Keys by whether all of their events so far are chosen. */
  readonly #keys = new Map<string, boolean>();
  #isAnyHeld = false;
  #isAllHeld = false;

  holds(key: string): boolean {
    if (key === '') return false; // without a key there is no order
    return key === ANY_KEY ? this.#isAnyHeld : this.#isAllHeld || this.#keys.get(key) === false;
  }

  add(key: string, isChosen: boolean): void {
    if (key === '' || isChosen) return;
    this.#isAnyHeld = true;
    if (key === ANY_KEY) this.#isAllHeld = true;
    else this.#keys.set(key, false);
  }
}

const isTried = ({ state, isDue, isSealed }: ParkedRow): boolean =>
  !isSealed && (state === 'behind' || (state === 'waiting' && isDue));

/**
 * The events that a claim of a lane's set apart events has: those that are due and those behind them, as many as fit, and none whose
 * key has an earlier one that is not among them, where keys keep their order. One that waits behind none, since that was discarded, is due.
 * @param rows  all of the lane, in id order
 */
export function chooseRetries(
  rows: readonly ParkedRow[],
  limits: ClaimLimits,
  { ordering }: Pick<RetryPolicy, 'ordering'> = {},
): readonly ParkedRow[] {
  const chosen: ParkedRow[] = [];
  const tables = new Map<number, Before>();
  let bytes = 0;
  for (const row of rows) {
    const before = tables.get(row.table) ?? new Before();
    tables.set(row.table, before);
    const isChosen = isTried(row) && (ordering === 'none' || !before.holds(row.key));
    before.add(row.key, isChosen);
    if (!isChosen) continue;
    bytes += row.bytes;
    if (chosen.length > 0 && (chosen.length >= limits.events || bytes > limits.bytes)) return chosen;
    chosen.push(row);
  }
  return chosen;
}
