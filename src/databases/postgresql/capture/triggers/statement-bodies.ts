import { quote } from '../../sql.ts';
import { type RecordedValue, renderJsonOf } from './json-of.ts';
import {
  indented,
  isTrue,
  list,
  MARK_NESTED,
  namesOf,
  otherImage,
  renderEvent,
  renderMessageKey,
  renderNested,
  type RowImage,
  sameImage,
  sameKey,
  type Subject,
  tableItself,
} from './subject.ts';

/** Names of the transition tables; no column may begin as they do. */
export const TRANSITION = { new: '__sluice_new', old: '__sluice_old' } as const;
export const OWN_PREFIX = '__sluice_';

type Side = keyof typeof TRANSITION;

/** SQL of a user is left out where it failed on a row of the statement: all rows are recorded then, without their expressions. */
type Using = 'all' | 'columns';

const keyExpression = ({ messageKey }: Subject): string | null =>
  typeof messageKey === 'object' && 'expression' in messageKey ? messageKey.expression : null;

/** Rows with what the user's SQL makes of them beside, under names of ours. */
function rows(subject: Subject, from: string, alias: string, using: Using): string {
  const { where, expressions } = subject;
  const key = keyExpression(subject);
  const beside = [
    ...(where === null ? [] : [`${using === 'all' ? isTrue(where) : 'true'} AS ${OWN_PREFIX}in`]),
    ...expressions.map(({ sql, type }, at) =>
      using === 'all' ? `(\n${sql}\n) AS ${OWN_PREFIX}${at + 1}` : `NULL::${type} AS ${OWN_PREFIX}${at + 1}`,
    ),
    ...(key === null
      ? []
      : [using === 'all' ? `(\n${key}\n) AS ${OWN_PREFIX}key` : `NULL::text AS ${OWN_PREFIX}key`]),
  ];
  return beside.length === 0
    ? `${from} AS ${alias}(${list(subject.all.map(quote))})`
    : `(SELECT r.*, ${list(beside)} FROM ${from} AS r(${list(subject.all.map(quote))})) AS ${alias}`;
}

const changed = (subject: Subject, side: Side, using: Using): string =>
  rows(subject, TRANSITION[side], side === 'new' ? 'n' : 'o', using);

function imageOf(subject: Subject, alias: string): RowImage {
  const beside = subject.expressions.map(
    (each, at): RecordedValue => ({ ...each, sql: `${alias}.${OWN_PREFIX}${at + 1}` }),
  );
  const key = `${alias}.${OWN_PREFIX}key`;
  return {
    json: renderJsonOf([...subject.payload, ...beside], alias),
    key: renderMessageKey(subject, alias, `CASE WHEN ${key} IS DISTINCT FROM NULL THEN concat(${key}) END`),
  };
}

const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `\n  WHERE ${conditions.join(' AND ')}`;
const isIn = ({ where: condition }: Subject, alias: string): readonly string[] =>
  condition === null ? [] : [`${alias}.${OWN_PREFIX}in`];

function recordInserts(subject: Subject, using: Using): string {
  const { json, key } = imageOf(subject, 'n');
  const from = `${changed(subject, 'new', using)}${where(isIn(subject, 'n'))}`;
  return renderEvent(subject, { operation: 'I', key, old: null, new: json, from });
}

function recordDeletes(subject: Subject, using: Using, unless: readonly string[] = []): string {
  const { json, key } = imageOf(subject, 'o');
  const from = `${changed(subject, 'old', using)}${where([...isIn(subject, 'o'), ...unless])}`;
  return renderEvent(subject, { operation: 'D', key, old: json, new: null, from });
}

/** Deletions before all that is written: an update may give a row the key that another row had. */
function recordUpdates(subject: Subject, using: Using): string {
  const keys = namesOf(subject.key);
  const pair = `${sameKey(subject.key, 'o', 'n')} AND ${sameImage('o', 'n', keys)}`;
  const stays = [pair, ...isIn(subject, 'n')].join(' AND ');
  const gone = `NOT EXISTS (SELECT FROM ${changed(subject, 'new', using)} WHERE ${stays})`;
  const after = imageOf(subject, 'n');
  const found = `o.${quote(keys[0] ?? '')} IS NOT NULL`;
  const joined = [pair, ...isIn(subject, 'o')].join(' AND ');
  const from = `${changed(subject, 'new', using)}
  LEFT JOIN ${changed(subject, 'old', using)} ON ${joined}`;
  const told = [...isIn(subject, 'n'), `(NOT ${found} OR ${otherImage('o', 'n', subject.watched)})`];
  return [
    recordDeletes(subject, using, [gone]),
    renderEvent(subject, {
      operation: `CASE WHEN ${found} THEN 'U'::"char" ELSE 'I'::"char" END`,
      key: after.key,
      old: `CASE WHEN ${found} THEN ${imageOf(subject, 'o').json} END`,
      new: after.json,
      from: `${from}${where(told)}`,
    }),
  ].join('\n');
}

/** What stands in the table now, by the keys that the statement touched. */
function recordStanding(subject: Subject, using: Using, sides: readonly Side[]): string {
  const standing = rows(subject, tableItself(subject), 'n', using);
  const gone = `NOT EXISTS (SELECT FROM ${standing} WHERE ${[sameKey(subject.key, 'n', 'o'), ...isIn(subject, 'n')].join(' AND ')})`;
  const { json, key } = imageOf(subject, 'n');
  const touched = `EXISTS (SELECT FROM ${TRANSITION.new} AS c(${list(subject.all.map(quote))}) WHERE ${sameKey(subject.key, 'n', 'c')})`;
  return [
    ...(sides.includes('old') ? [recordDeletes(subject, using, [gone])] : []),
    ...(sides.includes('new')
      ? [
          renderEvent(subject, {
            operation: 'I',
            key,
            old: null,
            new: json,
            from: `${standing}${where([...isIn(subject, 'n'), touched])}`,
          }),
        ]
      : []),
  ].join('\n');
}

const usesSql = (subject: Subject): boolean =>
  subject.where !== null || subject.expressions.length > 0 || keyExpression(subject) !== null;

/** One that fails undoes what it recorded, and all rows of the statement are recorded in its place. */
const guarded = (subject: Subject, render: (using: Using) => string): string =>
  usesSql(subject)
    ? `BEGIN\n${indented(render('all'))}\nEXCEPTION WHEN OTHERS THEN\n${indented(render('columns'))}\nEND;`
    : render('all');

function body(
  subject: Subject,
  sides: readonly Side[],
  record: (subject: Subject, using: Using) => string,
): readonly string[] {
  const nested = renderNested(subject);
  const usual = guarded(subject, (using) => record(subject, using));
  if (nested === null) return [usual];
  const careful = guarded(subject, (using) => recordStanding(subject, using, sides));
  return [
    [
      `IF ${nested} THEN`,
      indented(MARK_NESTED),
      // The keys of a statement are looked for in a table of any size.
      ...(sides.length === 2 ? [indented("PERFORM set_config('enable_nestloop', 'on', true);")] : []),
      indented(careful),
      'ELSE',
      indented(usual),
      'END IF;',
    ].join('\n'),
  ];
}

export const insertsBody = (subject: Subject): readonly string[] => body(subject, ['new'], recordInserts);
export const deletesBody = (subject: Subject): readonly string[] => body(subject, ['old'], recordDeletes);
export const updatesBody = (subject: Subject): readonly string[] =>
  body(subject, ['old', 'new'], recordUpdates);
