import type { TableName } from '../../../../model/table-name.ts';
import { qualified, quote } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import type { Routes } from './cascades.ts';
import { renderDeleted, renderNulled, renderUpdated, type Subjects } from './render-cascades.ts';
import {
  keyExpression,
  renderExpressions,
  renderInsertEvent,
  renderKeyExpression,
  renderLost,
  renderMessageKey,
  renderPayload,
  renderSameRow,
} from './render-event.ts';
import { declareFloats, floatsIn, type Which, writeFloats } from './write-floats.ts';
import type { Subject } from './subject.ts';
import { onRow, rowNamed } from './user-sql.ts';
import { triggerName, type TriggerKind } from '../trigger-names.ts';

/** One trigger as it is to stand. */
export interface TriggerText {
  readonly kind: TriggerKind;
  readonly name: string;
  /** `AFTER INSERT` */
  readonly when: string;
  readonly body: string;
}

const variable = (which: Which, what: string): string => `sluice_${which.toLowerCase()}_${what}`;
const TEXT = 'longtext CHARACTER SET utf8mb4';

/** Variables of what a user's SQL gives of rows. Nothing of it can fail the application's statement. */
function declarations(subject: Subject, rows: readonly Which[]): readonly string[] {
  const ofUser = rows.flatMap((which) => [
    ...(subject.where === null ? [] : [`DECLARE ${variable(which, 'in')} boolean DEFAULT TRUE;`]),
    ...(keyExpression(subject) === null ? [] : [`DECLARE ${variable(which, 'key')} ${TEXT} DEFAULT NULL;`]),
    ...subject.expressions.map((_, at) => `DECLARE ${variable(which, `x${at}`)} ${TEXT} DEFAULT 'null';`),
  ]);
  return [...ofUser, ...declareFloats(floatsIn(subject, rows))];
}

/** @param otherwise  what it is where that cannot be told, as of a number that is too large */
const guarded = (name: string, sql: string, otherwise: string): string =>
  `BEGIN
DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET ${name} = ${otherwise};
SET ${name} = ${sql};
END;`;

const condition = (subject: Subject, which: Which): readonly string[] =>
  subject.where === null
    ? []
    : [
        guarded(
          variable(which, 'in'),
          `${onRow(subject.where, subject.all, rowNamed(which))} IS TRUE`,
          'TRUE',
        ),
      ];

const computed = (subject: Subject, which: Which): readonly string[] => [
  ...(keyExpression(subject) === null
    ? []
    : [guarded(variable(which, 'key'), renderKeyExpression(subject, rowNamed(which)), 'NULL')]),
  ...[...renderExpressions(subject, rowNamed(which)).values()].map((json, at) =>
    guarded(variable(which, `x${at}`), json, `'null'`),
  ),
];

const keyOf = (subject: Subject, which: Which): string =>
  renderMessageKey(subject, rowNamed(which), variable(which, 'key'));
const payloadOf = (subject: Subject, which: Which): string =>
  renderPayload(
    subject,
    rowNamed(which),
    new Map([
      ...floatsIn(subject, [which]).map(({ column, variable: text }) => [column, text] as const),
      ...subject.expressions.map(
        ({ name }, at) => [name, `IFNULL(${variable(which, `x${at}`)}, 'null')`] as const,
      ),
    ]),
  );

const recordInsert = (names: CaptureNames, subject: Subject): string =>
  renderInsertEvent(names, subject.number, {
    operation: `'I'`,
    key: keyOf(subject, 'NEW'),
    old: 'NULL',
    new: payloadOf(subject, 'NEW'),
  });
const recordDelete = (names: CaptureNames, subject: Subject): string =>
  renderInsertEvent(names, subject.number, {
    operation: `'D'`,
    key: keyOf(subject, 'OLD'),
    old: payloadOf(subject, 'OLD'),
    new: 'NULL',
  });
const recordUpdate = (names: CaptureNames, subject: Subject): string =>
  renderInsertEvent(names, subject.number, {
    operation: `'U'`,
    key: keyOf(subject, 'NEW'),
    old: payloadOf(subject, 'OLD'),
    new: payloadOf(subject, 'NEW'),
  });

const when = (test: string | null, ...then: readonly string[]): string =>
  test === null ? then.join('\n') : `IF ${test} THEN\n${then.join('\n')}\nEND IF;`;

function insertBody(names: CaptureNames, subject: Subject): readonly string[] {
  return [
    ...declarations(subject, ['NEW']),
    renderLost(names, subject.number, 'I'),
    ...condition(subject, 'NEW'),
    when(
      subject.where === null ? null : variable('NEW', 'in'),
      ...computed(subject, 'NEW'),
      ...writeFloats(floatsIn(subject, ['NEW'])),
      recordInsert(names, subject),
    ),
  ];
}

function deleteBody(names: CaptureNames, subject: Subject): readonly string[] {
  return [
    ...declarations(subject, ['OLD']),
    renderLost(names, subject.number, 'D'),
    ...condition(subject, 'OLD'),
    when(
      subject.where === null ? null : variable('OLD', 'in'),
      ...computed(subject, 'OLD'),
      ...writeFloats(floatsIn(subject, ['OLD'])),
      recordDelete(names, subject),
    ),
  ];
}

/** A row that has another key is deleted and inserted: one after the other, for the server looks at each row at once whether its key is free. */
function recordBoth(names: CaptureNames, subject: Subject): string {
  const update = recordUpdate(names, subject);
  if (subject.key.length === 0) return update;
  return `IF ${renderSameRow(subject.key, rowNamed('OLD'), rowNamed('NEW'))} THEN
${update}
ELSE
${recordDelete(names, subject)}
${recordInsert(names, subject)}
END IF;`;
}

/**
 * Whether the row became what it was to become: `UPDATE IGNORE` leaves a row that a key refuses as it was, and MariaDB runs the trigger all the
 * same. Looked up where one of those columns was to change; null where that cannot be asked.
 */
function renderHappened({ table, key, refusable }: Subject): string | null {
  if (key.length === 0) return null;
  const [before, after, found] = [rowNamed('OLD'), rowNamed('NEW'), rowNamed('r')];
  const exists = (row: typeof before, columns: typeof refusable): string => {
    const at = key.map(({ name }) => `${found(name)} = ${row(name)}`).join(' AND ');
    return `EXISTS (SELECT 1 FROM ${qualified(table)} AS r WHERE ${at} AND ${renderSameRow(columns, row, found)})`;
  };
  return `(${renderSameRow(refusable, before, after)}) OR CASE WHEN ${renderSameRow(key, before, after)} THEN ${exists(after, refusable)} ELSE NOT ${exists(before, key)} END`;
}

function updateBody(names: CaptureNames, subject: Subject): readonly string[] {
  const [wasIn, isIn] = [variable('OLD', 'in'), variable('NEW', 'in')];
  const { watched, deciding } = subject;
  const changed = (columns: typeof watched): string =>
    `NOT (${renderSameRow(columns, rowNamed('OLD'), rowNamed('NEW'))})`;
  const both = when(deciding.length === 0 ? null : changed(watched), recordBoth(names, subject));
  const record =
    subject.where === null
      ? both
      : `IF ${wasIn} AND ${isIn} THEN
${both}
ELSEIF ${isIn} THEN
${recordInsert(names, subject)}
ELSEIF ${wasIn} THEN
${recordDelete(names, subject)}
END IF;`;
  return [
    ...declarations(subject, ['OLD', 'NEW']),
    renderLost(names, subject.number, 'U'),
    when(
      changed([...watched, ...deciding]),
      when(
        renderHappened(subject),
        ...condition(subject, 'OLD'),
        ...condition(subject, 'NEW'),
        when(
          subject.where === null ? null : `${wasIn} OR ${isIn}`,
          ...computed(subject, 'OLD'),
          ...computed(subject, 'NEW'),
          ...writeFloats(floatsIn(subject, ['OLD', 'NEW'])),
          record,
        ),
      ),
    ),
  ];
}

const block = (lines: readonly string[]): string =>
  ['BEGIN', ...lines.filter((line) => line !== ''), 'END'].join('\n');

/**
 * A session that does not check foreign keys follows none of them. From MySQL 9.7 on another one fires the triggers of the children for what
 * they do to them, which record it themselves then.
 */
const ifSilent = (lines: readonly string[], { firesForCascades }: CascadeTexts): string =>
  when(
    firesForCascades
      ? '@@SESSION.foreign_key_checks = 1 AND (@@SESSION.enable_cascade_triggers = 0 OR @@GLOBAL.innodb_native_foreign_keys = 1)'
      : '@@SESSION.foreign_key_checks = 1',
    ...lines,
  );

/** Rows that refer to it are read while they are as they were: before the row goes, and behind its update. */
function cascadeLines(names: CaptureNames, { routes, subjects }: CascadeTexts) {
  const notEmpty = (lines: readonly string[]): readonly string[] => lines.filter((line) => line !== '');
  return {
    deleted: notEmpty([
      ...routes.nulled.map((route) => renderNulled(names, route, subjects)),
      ...routes.deleted.map((route) => renderDeleted(names, route, subjects)),
    ]),
    updated: notEmpty(routes.updated.map((route) => renderUpdated(names, route, subjects))),
  };
}

/** What the triggers of a table record of others. */
export interface CascadeTexts {
  readonly routes: Routes;
  readonly subjects: Subjects;
  /** The server can fire triggers for what foreign keys do, as a session asks for it. */
  readonly firesForCascades: boolean;
}

/** One trigger an operation, and one more where rows of other tables go with those of this one. */
export function renderTriggers(
  names: CaptureNames,
  subject: Subject,
  ofOthers: CascadeTexts,
): readonly TriggerText[] {
  const { operations, table } = subject;
  const cascades = cascadeLines(names, ofOthers);
  const texts: TriggerText[] = [];
  const add = (kind: TriggerKind, event: string, lines: readonly string[]): void => {
    if (lines.length > 0)
      texts.push({ kind, name: triggerName(names, table, kind), when: event, body: block(lines) });
  };
  if (operations.includes('insert')) add('insert', 'AFTER INSERT', insertBody(names, subject));
  const own = operations.includes('update') ? updateBody(names, subject) : [];
  if (cascades.updated.length === 0) add('update', 'AFTER UPDATE', own);
  else
    add('update', 'AFTER UPDATE', [
      ...(own.length > 0 ? [`${block(own)};`] : []),
      ifSilent([when(renderHappened(subject), ...cascades.updated)], ofOthers),
    ]);
  if (operations.includes('delete')) add('delete', 'AFTER DELETE', deleteBody(names, subject));
  if (cascades.deleted.length > 0) add('cascade', 'BEFORE DELETE', [ifSilent(cascades.deleted, ofOthers)]);
  return texts;
}

interface CreateOptions {
  /** CREATE, or CREATE OR REPLACE where the server has that. */
  readonly verb?: string;
  /** `FOLLOWS` or `PRECEDES` another one of the same event; default: behind all. */
  readonly place?: string;
}

/** The statement of a trigger. */
export const renderCreate = (
  table: TableName,
  { name, when: event, body }: Pick<TriggerText, 'name' | 'when' | 'body'>,
  { verb = 'CREATE', place = '' }: CreateOptions = {},
): string =>
  `${verb} TRIGGER ${quote(table.schema)}.${quote(name)} ${event} ON ${qualified(table)} FOR EACH ROW${place === '' ? '' : ` ${place}`}\n${body}`;

export const renderDrop = ({ schema }: TableName, name: string): string =>
  `DROP TRIGGER IF EXISTS ${quote(schema)}.${quote(name)}`;
