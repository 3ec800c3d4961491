import type { CapturedTableSpec, CapturePlace } from '../../../../model/capture-spec.ts';
import { CAPTURED_OPERATIONS, type CapturedOperation } from '../../../../model/capture-spec.ts';
import type { TableName } from '../../../../model/table-name.ts';
import { literal, qualified, quote } from '../../sql.ts';
import { captureNames, renderNextId, renderTurn } from '../capture-tables.ts';
import { type RecordedType, type RecordedValue, renderKeyOf } from './json-of.ts';

/** A column of the primary key. */
export interface KeyColumn extends RecordedValue {
  /** The equality by which its index compares, as `OPERATOR(pg_catalog.=)`. */
  readonly equals: string;
}

/** SQL of a user, checked. */
export interface UserExpression extends RecordedType {
  readonly name: string;
  readonly sql: string;
}

/** A table as its triggers are to record it. */
export interface Subject {
  readonly place: CapturePlace;
  readonly number: number;
  readonly table: TableName;
  /** All of its columns in their order. */
  readonly all: readonly string[];
  /** An update that changes none of them is silent. */
  readonly watched: readonly string[];
  /** What the payload has of the row itself. */
  readonly payload: readonly RecordedValue[];
  readonly key: readonly KeyColumn[];
  /** Two rows may have the same key until the transaction ends. */
  readonly isDeferrable: boolean;
  readonly isPartitioned: boolean;
  readonly where: string | null;
  readonly expressions: readonly UserExpression[];
  readonly messageKey: CapturedTableSpec['key'];
  /** Type of the message's key, where that is an expression. */
  readonly messageKeyType: RecordedType | null;
  readonly form: 'row' | 'statement';
  readonly operations: readonly CapturedOperation[];
}

export const OPERATIONS: readonly CapturedOperation[] = CAPTURED_OPERATIONS;

export const indented = (text: string, by = 2): string => text.replaceAll(/^(?=.)/gm, () => ' '.repeat(by));

export const list = (items: readonly string[]): string => items.join(', ');

export const namesOf = (columns: readonly { readonly name: string }[]): readonly string[] =>
  columns.map(({ name }) => name);

// A cast, or the operator would be that of each pair of columns.
const rowOf = (alias: string, columns: readonly string[]): string =>
  `ROW(${list(columns.map((name) => `${alias}.${quote(name)}`))})::record`;

/** Letter by letter: 1.0 and 1.00 are two, and what has no equality is compared too. */
export const sameImage = (left: string, right: string, columns: readonly string[]): string =>
  `${rowOf(left, columns)} OPERATOR(pg_catalog.*=) ${rowOf(right, columns)}`;
export const otherImage = (left: string, right: string, columns: readonly string[]): string =>
  `${rowOf(left, columns)} OPERATOR(pg_catalog.*<>) ${rowOf(right, columns)}`;

export const sameKey = (key: readonly KeyColumn[], left: string, right: string): string =>
  key.map(({ name, equals }) => `${left}.${quote(name)} ${equals} ${right}.${quote(name)}`).join(' AND ');

/** A condition of a user, on lines of its own. */
export const isTrue = (condition: string): string => `(\n${condition}\n) IS TRUE`;

/** Children of inheritance are other tables. */
export const tableItself = ({ table, isPartitioned }: Subject): string =>
  `${isPartitioned ? '' : 'ONLY '}${qualified(table)}`;
/** Its rows, the columns by the names that they had. */
export const standingRows = (subject: Subject, alias: string): string =>
  `${tableItself(subject)} AS ${alias}(${list(subject.all.map(quote))})`;

/** What a row is recorded as: SQL of payload and key, in a statement that has the row. */
export interface RowImage {
  readonly json: string;
  readonly key: string;
}

/** The key of a message, but for an expression, which is told apart because it may fail. */
export function renderMessageKey(
  { messageKey, key }: Pick<Subject, 'messageKey' | 'key'>,
  alias: string,
  ofExpression: string,
): string {
  const wanted = messageKey ?? (key.length > 0 ? 'primary' : 'none');
  if (wanted === 'none') return 'NULL';
  if (wanted === 'primary') return renderKeyOf(key, alias);
  if (wanted === 'transaction') return 'txid_current()::text';
  return 'fixed' in wanted ? literal(wanted.fixed) : ofExpression;
}

export interface EventText {
  /** A letter, or SQL that gives one. */
  readonly operation: string;
  readonly key: string;
  readonly old: string | null;
  readonly new: string | null;
  /** Behind FROM; absent: one event. */
  readonly from?: string;
}

/** The statement that records events. The number is drawn here: while the row is locked, so that it is the order of its changes. */
export function renderEvent({ place, number }: Subject, event: EventText): string {
  const names = captureNames(place);
  const operation = event.operation.length === 1 ? `'${event.operation}'::"char"` : event.operation;
  const cells = [
    renderNextId(place),
    renderTurn(names),
    String(number),
    operation,
    'txid_current()',
    'clock_timestamp()',
    'session_user',
    event.key,
    event.old ?? 'NULL',
    event.new ?? 'NULL',
  ];
  return `INSERT INTO ${names.events} (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
  SELECT ${list(cells)}${event.from === undefined ? '' : `\n  FROM ${event.from}`};`;
}

/**
 * Whether a row may have been changed again since the event: a trigger of somebody else, or a cascade, may change rows of the statement
 * that is being recorded, and what it changes is recorded first. From there on the transaction looks at what stands in the table.
 */
export const renderNested = ({ isDeferrable, key }: Subject): string | null => {
  if (key.length === 0) return null;
  return isDeferrable ? 'true' : "pg_trigger_depth() > 1 OR current_setting('sluice.nested', true) = 'on'";
};
export const MARK_NESTED = "PERFORM set_config('sluice.nested', 'on', true);";
