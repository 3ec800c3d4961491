import type { CaptureNames } from '../capture-tables.ts';
import { list, literal } from '../../sql/names.ts';
import { type RecordedType, renderJson, renderSame } from './recorded-value.ts';
import type { Subject } from './subject.ts';
import { onRow, type RowOf } from './user-sql.ts';

/** A column, or an expression of a user, which are told apart by their names. */
interface Member extends RecordedType {
  readonly name: string;
}

/** JSON of what a row has beside what its columns are: SQL by names of members of the payload. */
export type Computed = ReadonlyMap<string, string>;

const NOTHING: Computed = new Map();

/** `"ID": 1` of each column, with what stands before it; at least one. */
const renderMembers = (
  columns: readonly Member[],
  row: RowOf,
  subject: Subject,
  computed = NOTHING,
): string => {
  const members = columns.map(({ name, ...type }): readonly [string, string] => [
    name,
    computed.get(name) ?? renderJson(type, row(name), subject),
  ]);
  const cells = members.flatMap(([name, json], at) => [
    literal(`${at === 0 ? '{' : ', '}${JSON.stringify(name)}: `),
    json,
  ]);
  return list(cells);
};

/** `{"ID": 1}`; only where there is a key. */
const renderKeyOf = (subject: Subject, row: RowOf): string =>
  `CONCAT(${renderMembers(subject.key, row, subject)}, '}')`;

/** JSON of a user's expressions on a row, by their names. */
export const renderExpressions = (subject: Subject, row: RowOf): Computed =>
  new Map(
    subject.expressions.map((each) => [
      each.name,
      renderJson(each, onRow(each.sql, subject.all, row), subject),
    ]),
  );

/** No row: it lacks its key, and who reads it refuses it. */
const UNREADABLE = `'{"sluice": "not recorded"}'`;
/** Behind a key: no value of any column, and an object that is none of ours, so that who reads on refuses it. */
const UNREADABLE_REST = literal(', "sluice": {}}');

/**
 * The payload of a row as JSON text. Total: what is too long to be a text of the server has its key, by which a delete is applied, and no
 * more; whoever reads on refuses it.
 * @param computed  JSON of the user's expressions, and of columns that were written before
 */
export function renderPayload(subject: Subject, row: RowOf, computed: Computed): string {
  const { payload, key, expressions } = subject;
  const members = [...payload, ...expressions];
  if (members.length === 0) return `'{}'`;
  const cut =
    key.length === 0 ? UNREADABLE : `CONCAT(${renderMembers(key, row, subject)}, ${UNREADABLE_REST})`;
  return `IFNULL(CONCAT(${renderMembers(members, row, subject, computed)}, '}'), ${cut})`;
}

/**
 * No trigger is told which transaction it runs in: the session stands for it, so that all events of a transaction have the same one. MariaDB
 * tells one from the next (claims/look.ts): a statement that is a transaction by its time, others by the one that was committed before
 * in the session, where there is a binary log.
 */
const TRANSACTION =
  "CONCAT(CONNECTION_ID() /*M! , '/', IF(@@in_transaction, IF(@@log_bin, CONCAT('-', @@last_gtid), ''), UTC_TIMESTAMP(6)) */)";

export const keyExpression = ({ messageKey }: Subject): string | null =>
  typeof messageKey === 'object' && 'expression' in messageKey ? messageKey.expression : null;

export const renderKeyExpression = (subject: Subject, row: RowOf): string =>
  `CONVERT(${onRow(keyExpression(subject) ?? 'NULL', subject.all, row)} USING utf8mb4)`;

/** The key of a message. @param ofExpression  where it is a user's SQL */
export function renderMessageKey(subject: Subject, row: RowOf, ofExpression: string): string {
  const { messageKey, key } = subject;
  const wanted = messageKey ?? (key.length > 0 ? 'primary' : 'none');
  if (wanted === 'none' || (wanted === 'primary' && key.length === 0)) return 'NULL';
  if (wanted === 'primary') return renderKeyOf(subject, row);
  if (wanted === 'transaction') return TRANSACTION;
  return 'fixed' in wanted ? literal(wanted.fixed) : ofExpression;
}

export interface EventText {
  /** SQL that gives a letter. */
  readonly operation: string;
  readonly key: string;
  readonly old: string;
  readonly new: string;
}

const EVENT_COLUMNS =
  '(table_number, operation, transaction_id, recorded_at, db_user, message_key, old_row, new_row)';

const eventCells = (number: number, event: EventText): readonly string[] => [
  String(number),
  event.operation,
  TRANSACTION,
  'UTC_TIMESTAMP(6)',
  'USER()',
  event.key,
  event.old,
  event.new,
];

/** Rows by VALUES, whose number the server knows before: of a SELECT it would lock the ids of all others until the statement ends. */
export function renderInsertEvents(
  names: CaptureNames,
  number: number,
  events: readonly EventText[],
): string {
  const rows = events.map((event) => `(${list(eventCells(number, event))})`);
  return `INSERT INTO ${names.events} ${EVENT_COLUMNS} VALUES ${list(rows)};`;
}

export const renderInsertEvent = (names: CaptureNames, number: number, event: EventText): string =>
  renderInsertEvents(names, number, [event]);

/** Of a row that is too long for a statement of its own. @param from  FROM and WHERE of it */
export const renderInsertSelected = (
  names: CaptureNames,
  number: number,
  event: EventText,
  from: string,
): string => `INSERT INTO ${names.events} ${EVENT_COLUMNS} SELECT ${list(eventCells(number, event))} ${from}`;

/**
 * What a table has lost that its trigger names fails no statement: an event is recorded that nobody can read, by which whoever reads on
 * learns that the trigger must be made anew. In the declarations of a block, behind all others.
 */
export function renderLost(names: CaptureNames, number: number, letter: 'I' | 'U' | 'D'): string {
  const event = renderInsertEvent(names, number, {
    operation: `'${letter}'`,
    key: 'NULL',
    old: letter === 'I' ? 'NULL' : UNREADABLE,
    new: letter === 'D' ? 'NULL' : UNREADABLE,
  });
  return `DECLARE EXIT HANDLER FOR 1054 ${event}`;
}

/** Whether a row is the same in some columns, to the last letter. */
export const renderSameRow = (columns: readonly Member[], left: RowOf, right: RowOf): string =>
  columns.length === 0
    ? 'TRUE'
    : columns.map((column) => renderSame(column, left(column.name), right(column.name))).join(' AND ');
