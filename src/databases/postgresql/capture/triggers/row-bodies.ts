import { quote } from '../../sql.ts';
import { otherImage, sameImage } from './subject.ts';
import { type RecordedValue, renderJsonOf } from './json-of.ts';
import {
  indented,
  isTrue,
  list,
  MARK_NESTED,
  namesOf,
  renderEvent,
  renderMessageKey,
  renderNested,
  type RowImage,
  sameKey,
  standingRows,
  type Subject,
} from './subject.ts';

type Which = 'NEW' | 'OLD';

const variable = (which: Which, at: number | 'key'): string => `sluice.${which.toLowerCase()}_${at}`;

/**
 * The row as a source of plain names. All columns are named by their place, so that a column that is renamed goes on under its old
 * name; where columns are left out, one of those may be dropped, which would move the places.
 */
function rowSource({ all, payload, key }: Subject, which: Which, alias: string): string {
  const used = new Set([...namesOf(payload), ...namesOf(key)]);
  const columns = all.filter((name) => used.has(name));
  const names = list(columns.map(quote));
  if (columns.length === 0) return `(SELECT) AS ${alias}`;
  const cells =
    columns.length === all.length ? `${which}.*` : list(columns.map((name) => `${which}.${quote(name)}`));
  return `(SELECT ${cells}) AS ${alias}(${names})`;
}

const jsonOf = (
  { payload, expressions }: Subject,
  alias: string,
  ofExpression: (at: number, sql: string) => string,
): string => {
  const beside = expressions.map((each, at): RecordedValue => ({ ...each, sql: ofExpression(at, each.sql) }));
  return renderJsonOf([...payload, ...beside], alias);
};

const keyExpression = ({ messageKey }: Subject): string | null =>
  typeof messageKey === 'object' && 'expression' in messageKey ? messageKey.expression : null;

const asText = (sql: string): string =>
  `CASE WHEN (\n${sql}\n) IS DISTINCT FROM NULL THEN concat((\n${sql}\n)) END`;

/** Of the row that is told; what a user's SQL gives was computed before. */
const imageOf = (subject: Subject, which: Which, alias: string): RowImage => ({
  json: jsonOf(subject, alias, (at) => variable(which, at + 1)),
  key: renderMessageKey(subject, alias, variable(which, 'key')),
});

/** Of a row of the table, in a statement that may fail. */
const standingImage = (subject: Subject): RowImage => ({
  json: jsonOf(subject, 'n', (_, sql) => `(\n${sql}\n)`),
  key: renderMessageKey(subject, 'n', asText(keyExpression(subject) ?? '')),
});

const guarded = (work: string, failing: string): string =>
  `BEGIN\n${indented(work)}\nEXCEPTION WHEN OTHERS THEN\n${indented(failing)}\nEND;`;

/** Whether the condition has the row. One that cannot be told, as of 1/0, counts as true: what is recorded too much can be left out later. */
const condition = ({ where }: Subject, into: string, which: Which): string | null =>
  where === null
    ? null
    : guarded(`${into} := (SELECT ${isTrue(where)} FROM (SELECT ${which}.*) AS n);`, `${into} := true;`);

/** What a user's expressions give of the row; NULL where one of them fails. */
function computed(subject: Subject, which: Which): readonly string[] {
  const { expressions } = subject;
  const key = keyExpression(subject);
  const from = `FROM (SELECT ${which}.*) AS n;`;
  const into = list(expressions.map((_, at) => variable(which, at + 1)));
  return [
    ...(expressions.length === 0
      ? []
      : [
          guarded(
            `SELECT ${list(expressions.map(({ sql }) => `(\n${sql}\n)`))} INTO ${into} ${from}`,
            'NULL;',
          ),
        ]),
    ...(key === null
      ? []
      : [guarded(`SELECT ${asText(key)} INTO ${variable(which, 'key')} ${from}`, 'NULL;')]),
  ];
}

/** Looks for the row that has the key of NEW or OLD now, and passes the condition. */
function lookUp(subject: Subject, which: Which, failing: string): string {
  const image = standingImage(subject);
  const passes = subject.where === null ? '' : ` AND ${isTrue(subject.where)}`;
  return guarded(
    `SELECT ${image.json}, ${image.key}, ${sameImage('n', which, namesOf(subject.key))}
  INTO sluice.standing, sluice.standing_key, sluice.is_same
  FROM ${standingRows(subject, 'n')}
  WHERE ${sameKey(subject.key, 'n', which)}${passes} LIMIT 1;`,
    failing,
  );
}

const asTold = (subject: Subject, which: Which): string => {
  const { json, key } = imageOf(subject, which, 'n');
  return `SELECT ${json}, ${key} INTO sluice.standing, sluice.standing_key FROM ${rowSource(subject, which, 'n')};`;
};
const NOTHING_STANDS = 'sluice.standing := NULL;';

const recordStanding = (
  subject: Subject,
  operation: string,
  old: string | null = null,
  from?: string,
): string =>
  renderEvent(subject, {
    operation,
    key: 'sluice.standing_key',
    old,
    new: 'sluice.standing',
    ...(from === undefined ? {} : { from }),
  });

const when = (test: string, ...then: readonly string[]): string =>
  `IF ${test} THEN\n${indented(then.join('\n'))}\nEND IF;`;

function recordInsert(subject: Subject): string {
  const { json, key } = imageOf(subject, 'NEW', 'n');
  return renderEvent(subject, {
    operation: 'I',
    key,
    old: null,
    new: json,
    from: rowSource(subject, 'NEW', 'n'),
  });
}

function recordDelete(subject: Subject): string {
  const { json, key } = imageOf(subject, 'OLD', 'o');
  return renderEvent(subject, {
    operation: 'D',
    key,
    old: json,
    new: null,
    from: rowSource(subject, 'OLD', 'o'),
  });
}

function recordUpdate(subject: Subject): string {
  const before = imageOf(subject, 'OLD', 'o');
  const after = imageOf(subject, 'NEW', 'n');
  const from = `${rowSource(subject, 'OLD', 'o')}, ${rowSource(subject, 'NEW', 'n')}`;
  return renderEvent(subject, { operation: 'U', key: after.key, old: before.json, new: after.json, from });
}

/** The row has left its key: it is deleted there, unless another row stands at the key by now. */
const recordLoss = (subject: Subject): readonly string[] => [
  lookUp(subject, 'OLD', NOTHING_STANDS),
  when('sluice.standing IS NULL OR NOT sluice.is_same', recordDelete(subject)),
  when('sluice.standing IS NOT NULL', recordStanding(subject, 'I')),
];

export function insertBody(subject: Subject): readonly string[] {
  const nested = renderNested(subject);
  return [
    ...(subject.where === null
      ? []
      : [condition(subject, 'sluice.is_in', 'NEW') ?? '', when('NOT sluice.is_in', 'RETURN NULL;')]),
    ...computed(subject, 'NEW'),
    ...(nested === null
      ? []
      : [
          when(
            nested,
            MARK_NESTED,
            lookUp(subject, 'NEW', asTold(subject, 'NEW')),
            when('sluice.standing IS NOT NULL', recordStanding(subject, 'I')),
            'RETURN NULL;',
          ),
        ]),
    recordInsert(subject),
  ];
}

export function deleteBody(subject: Subject): readonly string[] {
  const nested = renderNested(subject);
  return [
    ...(subject.where === null
      ? []
      : [condition(subject, 'sluice.was_in', 'OLD') ?? '', when('NOT sluice.was_in', 'RETURN NULL;')]),
    ...computed(subject, 'OLD'),
    ...(nested === null ? [] : [when(nested, MARK_NESTED, ...recordLoss(subject), 'RETURN NULL;')]),
    recordDelete(subject),
  ];
}

/** An update whose row may be another one by now, or that has another key. */
function carefulUpdate(subject: Subject, otherKey: string): readonly string[] {
  const isFiltered = subject.where !== null;
  const isLoss = isFiltered ? `sluice.was_in AND (${otherKey} OR NOT sluice.is_in)` : otherKey;
  const isGain = isFiltered ? `${otherKey} OR NOT sluice.was_in` : otherKey;
  const before = imageOf(subject, 'OLD', 'o');
  const settle = [
    lookUp(subject, 'NEW', asTold(subject, 'NEW')),
    `IF sluice.standing IS NULL THEN\n  RETURN NULL;\nELSIF ${isGain} THEN`,
    indented(recordStanding(subject, 'I')),
    'ELSE',
    indented(recordStanding(subject, 'U', before.json, rowSource(subject, 'OLD', 'o'))),
    'END IF;',
  ];
  return [
    when('pg_trigger_depth() > 1', MARK_NESTED),
    when(isLoss, ...recordLoss(subject)),
    ...(isFiltered ? [when('sluice.is_in', ...settle)] : settle),
    'RETURN NULL;',
  ];
}

export function updateBody(subject: Subject): readonly string[] {
  const { where, key } = subject;
  const nested = renderNested(subject);
  const otherKey = otherImage('OLD', 'NEW', namesOf(key));
  const filtered =
    where === null
      ? [recordUpdate(subject)]
      : [
          `IF sluice.was_in AND sluice.is_in THEN`,
          indented(recordUpdate(subject)),
          'ELSIF sluice.is_in THEN',
          indented(recordInsert(subject)),
          'ELSE',
          indented(recordDelete(subject)),
          'END IF;',
        ];
  return [
    ...(where === null
      ? []
      : [
          condition(subject, 'sluice.was_in', 'OLD') ?? '',
          condition(subject, 'sluice.is_in', 'NEW') ?? '',
          when('NOT sluice.was_in AND NOT sluice.is_in', 'RETURN NULL;'),
        ]),
    ...computed(subject, 'OLD'),
    ...computed(subject, 'NEW'),
    ...(nested === null ? [] : [when(`${otherKey} OR ${nested}`, ...carefulUpdate(subject, otherKey))]),
    ...filtered,
  ];
}

export const truncateBody = (subject: Subject): readonly string[] => {
  const { messageKey } = subject;
  const hasOwn = messageKey === 'transaction' || (typeof messageKey === 'object' && 'fixed' in messageKey);
  const key = hasOwn ? renderMessageKey(subject, 'n', 'NULL') : 'NULL';
  return [renderEvent(subject, { operation: 'T', key, old: null, new: null })];
};

/** Variables of the bodies above. */
export function declarations(subject: Subject): readonly string[] {
  const typed = subject.expressions.flatMap(({ type }, at) =>
    (['old', 'new'] as const).map((which) => `${which}_${at + 1} ${type};`),
  );
  return [
    ...(subject.key.length === 0 ? [] : ['standing text;', 'standing_key text;', 'is_same boolean;']),
    ...(subject.where === null ? [] : ['was_in boolean;', 'is_in boolean;']),
    ...(keyExpression(subject) === null ? [] : ['old_key text;', 'new_key text;']),
    ...typed,
  ];
}
