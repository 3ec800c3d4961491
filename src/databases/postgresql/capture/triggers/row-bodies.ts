import { asText, NOT_RECORDED, type RecordedValue, renderJsonOf, renderTooLong } from './json-of.ts';
import {
  indented,
  IS_NESTED,
  isTrue,
  list,
  MARK_NESTED,
  namesOf,
  otherImage,
  renderEvent,
  renderMessageKey,
  renderNested,
  renderQuickEvent,
  sameImage,
  sameKey,
  standingRows,
  type Subject,
} from './subject.ts';

type Which = 'NEW' | 'OLD';

const lower = (which: Which): string => which.toLowerCase();
/** Variables: of the row's JSON and key, of what a user's SQL gives. */
const rowOf = (which: Which): string => `sluice.${lower(which)}_row`;
const keyOf = (which: Which): string => `sluice.${lower(which)}_key`;
const given = (which: Which, at: number | 'key'): string => `sluice.${lower(which)}_${at}_given`;

const jsonOf = (
  { payload, expressions }: Subject,
  alias: string,
  ofExpression: (at: number, sql: string) => string,
  isMeasured = false,
): string => {
  const beside = expressions.map(
    (each, at): RecordedValue => ({ ...each, sql: ofExpression(at + 1, each.sql) }),
  );
  return renderJsonOf([...payload, ...beside], alias, isMeasured);
};

const keyExpression = ({ messageKey }: Subject): string | null =>
  typeof messageKey === 'object' && 'expression' in messageKey ? messageKey.expression : null;

const block = (work: readonly string[], failing: readonly string[]): string =>
  `BEGIN\n${indented(work.join('\n'))}\nEXCEPTION WHEN OTHERS THEN\n${indented(failing.join('\n'))}\nEND;`;

const when = (test: string, ...then: readonly string[]): string =>
  `IF ${test} THEN\n${indented(then.join('\n'))}\nEND IF;`;

/** Whether the condition has the row. One that cannot be told, as of 1/0, counts as true: what is recorded too much can be left out later. */
const condition = ({ where }: Subject, which: Which): string => {
  const into = `sluice.${lower(which)}_is_in`;
  return block(
    [`${into} := (SELECT ${isTrue(where ?? 'true')} FROM (SELECT ${which}.*) AS n);`],
    [`${into} := true;`],
  );
};

/** What a user's expressions give of the row; NULL where one of them fails. */
function computed(subject: Subject, which: Which): readonly string[] {
  const { expressions } = subject;
  const key = keyExpression(subject);
  const from = `FROM (SELECT ${which}.*) AS n;`;
  const into = list(expressions.map((_, at) => given(which, at + 1)));
  const all = list(expressions.map(({ sql }) => `(\n${sql}\n)`));
  return [
    ...(expressions.length === 0 ? [] : [block([`SELECT ${all} INTO ${into} ${from}`], ['NULL;'])]),
    ...(key === null
      ? []
      : [block([`SELECT ${asText(`(\n${key}\n)`)} INTO ${given(which, 'key')} ${from}`], ['NULL;'])]),
  ];
}

const writeKey = (subject: Subject, which: Which): string =>
  `${keyOf(which)} := ${renderMessageKey(subject, which, given(which, 'key'))};`;

/**
 * Writes the rows down, and the key of the last one. What fails here is no row's fault: a column was renamed or dropped since the deployment, or its text would pass 1 GB;
 * the application's statement goes on, and what is recorded says that it was not.
 */
function written(subject: Subject, whichs: readonly Which[], first: readonly string[] = []): string {
  const assign = (isMeasured: boolean): readonly string[] => [
    ...whichs.map(
      (which) => `${rowOf(which)} := ${jsonOf(subject, which, (at) => given(which, at), isMeasured)};`,
    ),
    ...whichs.slice(-1).map((which) => writeKey(subject, which)),
  ];
  const has = (which: Which): string | null => (whichs.includes(which) ? NOT_RECORDED : null);
  const operation = whichs.length === 2 ? 'U' : has('NEW') === null ? 'D' : 'I';
  const lost = renderEvent(subject, { operation, key: 'NULL', old: has('OLD'), new: has('NEW') });
  const tooLong = whichs.flatMap((which) => renderTooLong(subject.payload, which));
  const all =
    tooLong.length === 0
      ? assign(false)
      : [
          `IF ${tooLong.join(' OR ')} THEN`,
          indented(assign(true).join('\n')),
          'ELSE',
          indented(assign(false).join('\n')),
          'END IF;',
        ];
  return block([...first, ...all], [lost, 'RETURN NULL;']);
}

/** Looks for the row that has the key of NEW or OLD now, and passes the condition. */
function lookUp(subject: Subject, which: Which, failing: readonly string[]): string {
  const key = renderMessageKey(subject, 'n', asText(`(\n${keyExpression(subject) ?? ''}\n)`));
  const passes = subject.where === null ? '' : ` AND ${isTrue(subject.where)}`;
  return block(
    [
      `SELECT ${jsonOf(subject, 'n', (_, sql) => `(\n${sql}\n)`, true)}, ${key}, ${sameImage('n', which, namesOf(subject.key))}
  INTO sluice.standing, sluice.standing_key, sluice.is_same
  FROM ${standingRows(subject, 'n')}
  WHERE ${sameKey(subject.key, 'n', which)}${passes} LIMIT 1;`,
    ],
    failing,
  );
}

const asTold = (which: Which): readonly string[] => [
  `sluice.standing := ${rowOf(which)};`,
  `sluice.standing_key := ${keyOf(which)};`,
];

const recordStanding = (subject: Subject, operation: string, old: string | null = null): string =>
  renderEvent(subject, { operation, key: 'sluice.standing_key', old, new: 'sluice.standing' });

const INSERTED = { operation: 'I', key: keyOf('NEW'), old: null, new: rowOf('NEW') } as const;
const UPDATED = { operation: 'U', key: keyOf('NEW'), old: rowOf('OLD'), new: rowOf('NEW') } as const;
const DELETED = { operation: 'D', key: keyOf('OLD'), old: rowOf('OLD'), new: null } as const;

/** The row has left its key: it is deleted there, unless another row stands at the key by now. */
const recordLoss = (subject: Subject): readonly string[] => [
  lookUp(subject, 'OLD', ['sluice.standing := NULL;']),
  when('sluice.standing IS NULL OR NOT sluice.is_same', renderEvent(subject, DELETED)),
  when('sluice.standing IS NOT NULL', recordStanding(subject, 'I')),
];

const leaveOthers = (subject: Subject, which: Which): readonly string[] =>
  subject.where === null
    ? []
    : [condition(subject, which), when(`NOT sluice.${lower(which)}_is_in`, 'RETURN NULL;')];

export function insertBody(subject: Subject): readonly string[] {
  const nested = renderNested(subject);
  const settled = [
    MARK_NESTED,
    lookUp(subject, 'NEW', asTold('NEW')),
    when('sluice.standing IS NOT NULL', recordStanding(subject, 'I')),
    'RETURN NULL;',
  ];
  return [
    ...leaveOthers(subject, 'NEW'),
    ...computed(subject, 'NEW'),
    written(subject, ['NEW']),
    ...(nested === null ? [] : [when(nested, ...settled)]),
    renderQuickEvent(subject, INSERTED),
  ];
}

export function deleteBody(subject: Subject): readonly string[] {
  const nested = renderNested(subject);
  return [
    ...leaveOthers(subject, 'OLD'),
    ...computed(subject, 'OLD'),
    written(subject, ['OLD']),
    ...(nested === null ? [] : [when(nested, MARK_NESTED, ...recordLoss(subject), 'RETURN NULL;')]),
    renderQuickEvent(subject, DELETED),
  ];
}

/** An update whose row may be another one by now, or that has another key. */
function carefulUpdate(subject: Subject, otherKey: string): readonly string[] {
  const isFiltered = subject.where !== null;
  const isLoss = isFiltered ? `sluice.old_is_in AND (${otherKey} OR NOT sluice.new_is_in)` : otherKey;
  const isGain = isFiltered ? `${otherKey} OR NOT sluice.old_is_in` : otherKey;
  const settle = [
    lookUp(subject, 'NEW', asTold('NEW')),
    `IF sluice.standing IS NULL THEN\n  RETURN NULL;\nELSIF ${isGain} THEN`,
    indented(recordStanding(subject, 'I')),
    'ELSE',
    indented(recordStanding(subject, 'U', rowOf('OLD'))),
    'END IF;',
  ];
  return [
    when(IS_NESTED, MARK_NESTED),
    when(isLoss, writeKey(subject, 'OLD'), ...recordLoss(subject)),
    ...(isFiltered ? [when('sluice.new_is_in', ...settle)] : settle),
    'RETURN NULL;',
  ];
}

/**
 * That nothing of what is recorded was changed is found here, and not in the trigger's WHEN: PostgreSQL reads and plans that anew for each
 * statement, which costs as much again as all that is done here; and a column in it could be neither dropped nor altered.
 */
export function updateBody(subject: Subject): readonly string[] {
  const { where, key, watched } = subject;
  const nested = renderNested(subject);
  const otherKey = otherImage('OLD', 'NEW', namesOf(key));
  const silent = watched.length === 0 ? [] : [when(sameImage('OLD', 'NEW', watched), 'RETURN NULL;')];
  const record =
    where === null
      ? [renderQuickEvent(subject, UPDATED)]
      : [
          'IF sluice.old_is_in AND sluice.new_is_in THEN',
          indented(renderQuickEvent(subject, UPDATED)),
          'ELSIF sluice.new_is_in THEN',
          indented(renderQuickEvent(subject, INSERTED)),
          'ELSE',
          indented(writeKey(subject, 'OLD')),
          indented(renderQuickEvent(subject, DELETED)),
          'END IF;',
        ];
  const filter =
    where === null
      ? []
      : [
          condition(subject, 'OLD'),
          condition(subject, 'NEW'),
          when('NOT sluice.old_is_in AND NOT sluice.new_is_in', 'RETURN NULL;'),
        ];
  return [
    ...filter,
    ...computed(subject, 'OLD'),
    ...computed(subject, 'NEW'),
    written(subject, ['OLD', 'NEW'], silent),
    ...(nested === null ? [] : [when(`${otherKey} OR ${nested}`, ...carefulUpdate(subject, otherKey))]),
    ...record,
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
  const texts = [
    'old_row',
    'old_key',
    'new_row',
    'new_key',
    ...(subject.key.length === 0 ? [] : ['standing', 'standing_key']),
    ...(keyExpression(subject) === null ? [] : ['old_key_given', 'new_key_given']),
  ];
  const typed = subject.expressions.flatMap(({ type }, at) =>
    (['old', 'new'] as const).map((which) => `${which}_${at + 1}_given ${type};`),
  );
  return [
    'turn integer;',
    ...texts.map((name) => `${name} pg_catalog.text;`),
    ...(subject.key.length === 0 ? [] : ['is_same boolean;']),
    ...(subject.where === null ? [] : ['old_is_in boolean;', 'new_is_in boolean;']),
    ...typed,
  ];
}
