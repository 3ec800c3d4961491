/**
 * One captured change, as a row of the staging table and of a batch with the encoding `event-rows`: nine cells of `text-rows`
 * (src/model/row-block.ts), in this order.
 *
 *     id TAB table TAB operation TAB transaction TAB at TAB user TAB key TAB old TAB new LF
 *
 * | cell | what |
 * | --- | --- |
 * | id | decimal digits; grows within a key, never used twice |
 * | table | number of the captured table in the installation |
 * | operation | one letter, see CHANGE_OPERATIONS |
 * | transaction | the database's own id of it, as text |
 * | at | time of the change, canonical `timestamptz` in UTC |
 * | user | who was signed in |
 * | key | of the message, NULL without one |
 * | old, new | recorded columns as JSON text `{"ID": 1, "NAME": "x", "GONE": null}`; NULL where the operation has no such row |
 *
 * Values in the JSON: numbers as JSON numbers with every digit (NaN and infinities as strings), booleans as `true` and
 * `false`, everything else as a string: the canonical text of its type (src/model/logical-type.ts), except that times have a `T`
 * between date and time and `+00:00` for UTC, and bytes are upper-case hex without a prefix. No value passes through a JavaScript number.
 * SQLite holds any value in any column: one that is none of its column's type is an object that names its storage class, with text
 * or upper-case hex, as `{"text": "abc"}`, `{"blob": "00FF"}`, `{"bytes": "FF"}` (a text whose bytes are none). No target takes it.
 * An update that changes the key is two events, D of the old and I of the new one.
 */
export const CHANGE_OPERATIONS = {
  I: 'insert',
  U: 'update',
  D: 'delete',
  T: 'truncate',
  /** Initial load of a topic: a row as it was found. */
  i: 'init',
} as const;
export type ChangeLetter = keyof typeof CHANGE_OPERATIONS;

/** The order of the cells. */
export const EVENT_CELLS = [
  'id',
  'table',
  'operation',
  'transaction',
  'at',
  'user',
  'key',
  'old',
  'new',
] as const;

/** A row of `event-rows`, its cells unescaped. */
export interface ChangeEvent {
  readonly id: string;
  readonly table: number;
  readonly operation: ChangeLetter;
  readonly transaction: string;
  readonly at: string;
  readonly user: string;
  readonly key: string | null;
  readonly old: string | null;
  readonly new: string | null;
}
