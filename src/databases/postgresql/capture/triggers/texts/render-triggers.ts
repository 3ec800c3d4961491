import type { CapturePlace, CapturedOperation } from '../../../../../model/capture-spec.ts';
import { qualified, quote } from '../../../sql.ts';
import { captureNames } from '../../capture-tables.ts';
import { held, pinned, released, renderPins } from './json-of.ts';
import { declarations, deleteBody, insertBody, truncateBody, updateBody } from './row-bodies.ts';
import { DECLARATIONS, deletesBody, insertsBody, TRANSITION, updatesBody } from './statement-bodies.ts';
import { indented, OPERATIONS, type Subject } from './subject.ts';

const LETTERS: Readonly<Record<CapturedOperation, string>> = {
  insert: 'i',
  update: 'u',
  delete: 'd',
  truncate: 't',
};

/** Sorted behind those of the application: cascades from one table to another are recorded as they happened. */
export const TRIGGER_PREFIX = 'zzz_sluice_';
export const triggerName = (operation: CapturedOperation): string => TRIGGER_PREFIX + LETTERS[operation];

export const functionName = (table: number, operation: CapturedOperation): string =>
  `captured_${table}_${LETTERS[operation]}`;
/** Names of the functions above, as a pattern of PostgreSQL. */
export const FUNCTION_PATTERN = '^captured_[0-9]+_[iudt]$';

/** One trigger as it is to stand. */
export interface TriggerText {
  readonly operation: CapturedOperation;
  readonly name: string;
  readonly functionSql: string;
  readonly triggerSql: string;
}

const ROW_BODIES = { insert: insertBody, update: updateBody, delete: deleteBody } as const;
const STATEMENT_BODIES = { insert: insertsBody, update: updatesBody, delete: deletesBody } as const;

const isUsers = ({ where, expressions, messageKey }: Subject): boolean =>
  where !== null || expressions.length > 0 || (typeof messageKey === 'object' && 'expression' in messageKey);

function settings(subject: Subject, operation: CapturedOperation, body: string): readonly string[] {
  // A session that reads backslashes as escapes would read our texts in another way.
  const reading = body.includes('\\') ? [`SET standard_conforming_strings TO 'on'`] : [];
  if (operation === 'truncate') return reading;
  const all = isUsers(subject);
  const isStatement = subject.form === 'statement';
  const types = [...subject.payload, ...subject.key, ...subject.expressions];
  return [
    ...renderPins(isStatement ? pinned(types) : types, { all, path: all || isStatement }),
    ...reading,
    // Its plan is made once a session, perhaps for one row, and then used for statements of millions.
    ...(isStatement && operation === 'update' ? [`SET enable_nestloop TO 'off'`] : []),
  ];
}

/** As pg_get_functiondef() prints it, so that both can be compared by a reader. */
function renderFunction(subject: Subject, operation: CapturedOperation): string {
  const isRow = operation === 'truncate' || subject.form === 'row';
  const lines =
    operation === 'truncate'
      ? truncateBody(subject)
      : (isRow ? ROW_BODIES : STATEMENT_BODIES)[operation](subject);
  const declared = operation === 'truncate' ? [] : isRow ? declarations(subject) : DECLARATIONS;
  const body = [
    '',
    '#variable_conflict use_column',
    ...(declared.length === 0 ? [] : ['<<sluice>>', 'DECLARE', ...declared.map((line) => indented(line))]),
    'BEGIN',
    ...lines.map((line) => indented(line)),
    '  RETURN NULL;',
    'END',
    '',
  ].join('\n');
  let tag = '$function$';
  while (body.includes(tag)) tag = `${tag.slice(0, -1)}x$`;
  const { schema } = captureNames(subject.place);
  return [
    `CREATE OR REPLACE FUNCTION ${schema}.${quote(functionName(subject.number, operation))}()`,
    ' RETURNS trigger',
    ' LANGUAGE plpgsql',
    ' SECURITY DEFINER',
    ...settings(subject, operation, body).map((line) => ` ${line}`),
    `AS ${tag}${body}${tag}`,
  ].join('\n');
}

function renderTransition(subject: Subject, operation: CapturedOperation): string {
  if (subject.form === 'row' || operation === 'truncate') return '';
  const old = operation === 'insert' ? '' : ` OLD TABLE AS ${TRANSITION.old}`;
  const made = operation === 'delete' ? '' : ` NEW TABLE AS ${TRANSITION.new}`;
  return ` REFERENCING${old}${made}`;
}

function renderTrigger(subject: Subject, operation: CapturedOperation): string {
  const each = operation === 'truncate' || subject.form === 'statement' ? 'STATEMENT' : 'ROW';
  const { schema } = captureNames(subject.place);
  return `CREATE TRIGGER ${triggerName(operation)} AFTER ${operation.toUpperCase()} ON ${qualified(subject.table)}${renderTransition(subject, operation)} FOR EACH ${each} EXECUTE FUNCTION ${schema}.${quote(functionName(subject.number, operation))}()`;
}

const withHeldLines = (subject: Subject): Subject =>
  JSON.parse(JSON.stringify(subject), (_, value: unknown) =>
    typeof value === 'string' ? held(value) : value,
  ) as Subject;

/** Exactly one trigger an operation. */
export function renderTriggers(wanted: Subject): readonly TriggerText[] {
  const subject = withHeldLines(wanted);
  return OPERATIONS.filter((operation) => subject.operations.includes(operation)).map((operation) => ({
    operation,
    name: triggerName(operation),
    functionSql: released(renderFunction(subject, operation)),
    triggerSql: released(renderTrigger(subject, operation)),
  }));
}

export const dropFunction = (place: CapturePlace, name: string): string =>
  `DROP FUNCTION IF EXISTS ${captureNames(place).schema}.${quote(name)}() CASCADE`;
