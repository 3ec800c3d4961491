import { quote } from '../../../sql.ts';
import { asText, NOT_RECORDED, pinned, type RecordedValue, renderJsonOf, renderTooLong } from './json-of.ts';
import {
  indented,
  isTrue,
  keyExpression,
  list,
  MARK_NESTED,
  namesOf,
  otherImage,
  renderEvent,
  renderMessageKey,
  renderNested,
  sameKey,
  sameKeyImage,
  type Subject,
  tableItself,
} from './subject.ts';

/** Names of the transition tables; no column may begin as they do. */
export const TRANSITION = { new: '__sluice_new', old: '__sluice_old' } as const;
export const OWN_PREFIX = '__sluice_';

type Side = keyof typeof TRANSITION;

/** How the rows of a statement are told. */
interface Telling {
  /** False where SQL of a user failed on one of them: all are recorded then, without their expressions. */
  readonly withSql: boolean;
  /** Some have values that are too long to be written. */
  readonly isMeasured: boolean;
}

/** Rows with what the user's SQL makes of them beside, under names of ours. */
function rows(subject: Subject, from: string, alias: string, { withSql }: Telling): string {
  const { where, expressions } = subject;
  const key = keyExpression(subject);
  const beside = [
    ...(where === null ? [] : [`${withSql ? isTrue(where) : 'true'} AS ${OWN_PREFIX}in`]),
    ...expressions.map(({ sql, type }, at) =>
      withSql ? `(\n${sql}\n) AS ${OWN_PREFIX}${at + 1}` : `NULL::${type} AS ${OWN_PREFIX}${at + 1}`,
    ),
    ...(key === null
      ? []
      : [`${withSql ? asText(`(\n${key}\n)`) : 'NULL::pg_catalog.text'} AS ${OWN_PREFIX}key`]),
  ];
  return beside.length === 0
    ? `${from} AS ${alias}`
    : `(SELECT r.*, ${list(beside)} FROM ${from} AS r) AS ${alias}`;
}

const changed = (subject: Subject, side: Side, telling: Telling): string =>
  rows(subject, TRANSITION[side], side === 'new' ? 'n' : 'o', telling);

interface RowImage {
  readonly json: string;
  readonly key: string;
}

function imageOf(subject: Subject, alias: string, { isMeasured }: Telling): RowImage {
  const beside = subject.expressions.map(
    (each, at): RecordedValue => ({ ...each, sql: `${alias}.${OWN_PREFIX}${at + 1}` }),
  );
  return {
    json: renderJsonOf(pinned([...subject.payload, ...beside]), alias, isMeasured),
    key: renderMessageKey(subject, alias, `${alias}.${OWN_PREFIX}key`),
  };
}

const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `\n  WHERE ${conditions.join(' AND ')}`;
const isIn = ({ where: condition }: Subject, alias: string): readonly string[] =>
  condition === null ? [] : [`${alias}.${OWN_PREFIX}in`];

function recordInserts(subject: Subject, telling: Telling): string {
  const { json, key } = imageOf(subject, 'n', telling);
  const from = `${changed(subject, 'new', telling)}${where(isIn(subject, 'n'))}`;
  return renderEvent(subject, { operation: 'I', key, old: null, new: json, from });
}

function recordDeletes(subject: Subject, telling: Telling, unless: readonly string[] = []): string {
  const { json, key } = imageOf(subject, 'o', telling);
  const from = `${changed(subject, 'old', telling)}${where([...isIn(subject, 'o'), ...unless])}`;
  return renderEvent(subject, { operation: 'D', key, old: json, new: null, from });
}

const usesSql = (subject: Subject): boolean =>
  subject.where !== null || subject.expressions.length > 0 || keyExpression(subject) !== null;

/** Deletions before all that is written: an update may give a row the key that another row had. */
function recordUpdates(subject: Subject, telling: Telling): string {
  const keys = namesOf(subject.key);
  const pair = sameKeyImage(subject.key, 'o', 'n');
  const stays = [pair, ...isIn(subject, 'n')].join(' AND ');
  const gone = `NOT EXISTS (SELECT FROM ${changed(subject, 'new', telling)} WHERE ${stays})`;
  const after = imageOf(subject, 'n', telling);
  const found = `o.${quote(keys[0] ?? '')} IS NOT NULL`;
  const joined = [pair, ...isIn(subject, 'o')].join(' AND ');
  const from = `${changed(subject, 'new', telling)}
  LEFT JOIN ${changed(subject, 'old', telling)} ON ${joined}`;
  // Whole rows are compared in less time than their columns; those of a user's SQL have more beside.
  const isWhole = subject.watched.length === subject.all.length && !usesSql(subject);
  const differs = isWhole ? 'o.* OPERATOR(pg_catalog.*<>) n.*' : otherImage('o', 'n', subject.watched);
  const told = [...isIn(subject, 'n'), `(NOT ${found} OR ${differs})`];
  return [
    recordDeletes(subject, telling, [gone]),
    renderEvent(subject, {
      operation: `CASE WHEN ${found} THEN 'U' ELSE 'I' END::pg_catalog."char"`,
      key: after.key,
      old: `CASE WHEN ${found} THEN ${imageOf(subject, 'o', telling).json} END`,
      new: after.json,
      from: `${from}${where(told)}`,
    }),
  ].join('\n');
}

/** What stands in the table now, by the keys that the statement touched. */
function recordStanding(subject: Subject, telling: Telling, sides: readonly Side[]): string {
  const standing = rows(subject, tableItself(subject), 'n', telling);
  const stays = [sameKey(subject.key, 'n', 'o'), ...isIn(subject, 'n')].join(' AND ');
  const gone = `NOT EXISTS (SELECT FROM ${standing} WHERE ${stays})`;
  const { json, key } = imageOf(subject, 'n', telling);
  const touched = `EXISTS (SELECT FROM ${TRANSITION.new} AS c WHERE ${sameKey(subject.key, 'n', 'c')})`;
  const from = `${standing}${where([...isIn(subject, 'n'), touched])}`;
  return [
    ...(sides.includes('old') ? [recordDeletes(subject, telling, [gone])] : []),
    ...(sides.includes('new')
      ? [renderEvent(subject, { operation: 'I', key, old: null, new: json, from })]
      : []),
  ].join('\n');
}

const failing = (work: string, then: string): string =>
  `BEGIN\n${indented(work)}\nEXCEPTION WHEN OTHERS THEN\n${indented(then)}\nEND;`;

type Record = (telling: Telling) => string;

/** SQL of a user that fails undoes what it recorded, and all rows of the statement are recorded in its place. */
const guarded = (subject: Subject, record: Record, isMeasured: boolean): string =>
  usesSql(subject)
    ? failing(record({ withSql: true, isMeasured }), record({ withSql: false, isMeasured }))
    : record({ withSql: false, isMeasured });

/** All that can be told is that there was a change; who reads it asks for the table anew. */
function lost(subject: Subject, sides: readonly Side[]): string {
  const has = (side: Side): string | null => (sides.includes(side) ? NOT_RECORDED : null);
  const operation = sides.length === 2 ? 'U' : has('new') === null ? 'D' : 'I';
  return `${renderEvent(subject, { operation, key: 'NULL', old: has('old'), new: has('new') })}\nRETURN NULL;`;
}

/**
 * Whether some value is too long; it fails where a column is there no more that is recorded. Then nothing can be told of the statement
 * but that it was.
 */
function measured(subject: Subject, sides: readonly Side[]): string {
  const columns = [...new Set([...subject.watched, ...namesOf(subject.payload), ...namesOf(subject.key)])];
  const looks = sides.map((side) => {
    const tooLong = renderTooLong(subject.payload, ['c']) ?? 'false';
    const cells = list(columns.map((name) => `c.${quote(name)}`));
    return `EXISTS (SELECT ${cells} FROM ${TRANSITION[side]} AS c WHERE ${tooLong})`;
  });
  return failing(`sluice.is_long := ${looks.join(' OR ')};`, lost(subject, sides));
}

const choose = (subject: Subject, record: Record): string =>
  renderTooLong(subject.payload, ['c']) === null
    ? guarded(subject, record, false)
    : [
        'IF sluice.is_long THEN',
        indented(guarded(subject, record, true)),
        'ELSE',
        indented(guarded(subject, record, false)),
        'END IF;',
      ].join('\n');

function body(
  subject: Subject,
  sides: readonly Side[],
  record: (subject: Subject, telling: Telling) => string,
): readonly string[] {
  const nested = renderNested(subject);
  const usual = choose(subject, (telling) => record(subject, telling));
  if (nested === null) return [measured(subject, sides), usual];
  const careful = failing(
    guarded(subject, (telling) => recordStanding(subject, telling, sides), true),
    lost(subject, sides),
  );
  return [
    measured(subject, sides),
    [
      `IF ${nested} THEN`,
      indented(MARK_NESTED),
      // The keys of a statement are looked for in a table of any size.
      ...(sides.length === 2
        ? [indented("PERFORM pg_catalog.set_config('enable_nestloop', 'on', true);")]
        : []),
      indented(careful),
      'ELSE',
      indented(usual),
      'END IF;',
    ].join('\n'),
  ];
}

export const DECLARATIONS = ['is_long boolean;'];
export const insertsBody = (subject: Subject): readonly string[] => body(subject, ['new'], recordInserts);
export const deletesBody = (subject: Subject): readonly string[] => body(subject, ['old'], recordDeletes);
export const updatesBody = (subject: Subject): readonly string[] =>
  body(subject, ['old', 'new'], recordUpdates);
