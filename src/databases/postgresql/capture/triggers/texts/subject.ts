import type { CapturedTableSpec, CapturePlace } from '../../../../../model/capture-spec.ts';
import { CAPTURED_OPERATIONS, type CapturedOperation } from '../../../../../model/capture-spec.ts';
import type { TableName } from '../../../../../model/table-name.ts';
import { literal, qualified, quote } from '../../../sql.ts';
import { captureNames, PARTITIONS, partitionName, renderNextId, renderTurn } from '../../capture-tables.ts';
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
  `ROW(${list(columns.map((name) => `${alias}.${quote(name)}`))})::pg_catalog.record`;

/** Letter by letter: 1.0 and 1.00 are two, and what has no equality is compared too. */
export const sameImage = (left: string, right: string, columns: readonly string[]): string =>
  `${rowOf(left, columns)} OPERATOR(pg_catalog.*=) ${rowOf(right, columns)}`;
export const otherImage = (left: string, right: string, columns: readonly string[]): string =>
  `${rowOf(left, columns)} OPERATOR(pg_catalog.*<>) ${rowOf(right, columns)}`;

/** Types of which two values that are equal are one letter by letter. */
const EXACT = new Set(['smallint', 'integer', 'bigint', 'oid', 'uuid', 'date', 'boolean', 'bytea']);

/** The same key, letter by letter. */
export function sameKeyImage(key: readonly KeyColumn[], left: string, right: string): string {
  const rest = key.filter(({ type, enumLabels }) => enumLabels !== null || !EXACT.has(type));
  const images = rest.length === 0 ? [] : [sameImage(left, right, namesOf(rest))];
  return [sameKey(key, left, right), ...images].join(' AND ');
}

/** Another key, if only by a letter. */
export function otherKeyImage(key: readonly KeyColumn[], left: string, right: string): string {
  const isExact = ({ type, enumLabels }: KeyColumn): boolean => enumLabels === null && EXACT.has(type);
  return key.every(isExact)
    ? `(${sameKey(key, left, right)}) IS NOT TRUE`
    : otherImage(left, right, namesOf(key));
}

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

export const keyExpression = ({ messageKey }: Pick<Subject, 'messageKey'>): string | null =>
  typeof messageKey === 'object' && 'expression' in messageKey ? messageKey.expression : null;

/** The key of a message, but for an expression, which is told apart because it may fail. */
export function renderMessageKey(
  { messageKey, key }: Pick<Subject, 'messageKey' | 'key'>,
  alias: string,
  ofExpression: string,
): string {
  const wanted = messageKey ?? (key.length > 0 ? 'primary' : 'none');
  if (wanted === 'none') return 'NULL';
  if (wanted === 'primary') return renderKeyOf(key, alias);
  if (wanted === 'transaction') return 'pg_catalog.txid_current()::pg_catalog.text';
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

const COLUMNS = '(id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)';

const cellsOf = ({ place, number }: Subject, event: EventText, turn: string): string =>
  list([
    renderNextId(place)
      .replace('nextval', 'pg_catalog.nextval')
      .replace('::regclass', '::pg_catalog.regclass'),
    turn,
    String(number),
    event.operation.length === 1 ? `'${event.operation}'::pg_catalog."char"` : event.operation,
    'pg_catalog.txid_current()',
    'pg_catalog.clock_timestamp()',
    'session_user',
    event.key,
    event.old ?? 'NULL',
    event.new ?? 'NULL',
  ]);

/** The statement that records events. The number is drawn here: while the row is locked, so that it is the order of its changes. */
export function renderEvent(subject: Subject, event: EventText): string {
  const names = captureNames(subject.place);
  return `INSERT INTO ${names.events} ${COLUMNS}
  SELECT ${cellsOf(subject, event, renderTurn(names))}${event.from === undefined ? '' : `\n  FROM ${event.from}`};`;
}

/** The same of one row, a few microseconds cheaper: the partition is named, and its number read from the sequence itself. */
export function renderQuickEvent(subject: Subject, event: EventText): string {
  const { turn } = captureNames(subject.place);
  const partitions = Array.from({ length: PARTITIONS }, (_, at) => at + 1);
  const branches = partitions.map((each) => {
    const head = each === 1 ? 'IF' : each < PARTITIONS ? 'ELSIF' : 'ELSE';
    const test = each < PARTITIONS ? ` sluice.turn OPERATOR(pg_catalog.=) ${each} THEN` : '';
    const into = partitionName(subject.place, each);
    return `${head}${test}\n  INSERT INTO ${into} ${COLUMNS}\n    VALUES (${cellsOf(subject, event, String(each))});`;
  });
  return [
    `sluice.turn := coalesce(pg_catalog.pg_sequence_last_value(${literal(turn)}::pg_catalog.regclass), 1);`,
    ...branches,
    'END IF;',
  ].join('\n');
}

/**
 * Whether a row may have been changed again since the event: a trigger of somebody else, or a cascade, may change rows of the statement
 * that is being recorded, and what it changes is recorded first. From there on the transaction looks at what stands in the table.
 */
export const renderNested = ({ isDeferrable, key }: Subject): string | null => {
  if (key.length === 0) return null;
  return isDeferrable
    ? 'true'
    : `${IS_NESTED} OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on'`;
};
export const IS_NESTED = 'pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1';
export const MARK_NESTED = "PERFORM pg_catalog.set_config('sluice.nested', 'on', true);";
