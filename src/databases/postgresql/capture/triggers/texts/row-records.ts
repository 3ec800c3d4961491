import {
  asText,
  NOT_RECORDED,
  type RecordedValue,
  renderAtUtc,
  renderJsonOf,
  renderObjectOf,
  renderTooLong,
} from './json-of.ts';
import {
  type EventText,
  indented,
  isTrue,
  keyExpression,
  list,
  namesOf,
  renderEvent,
  renderMessageKey,
  renderNested,
  sameImage,
  sameKey,
  standingRows,
  type Subject,
  type UserExpression,
} from './subject.ts';

export type Which = 'NEW' | 'OLD';

export const lower = (which: Which): string => which.toLowerCase();
/** Variables: of the row's JSON, of what a user's SQL gives. */
const rowOf = (which: Which): string => `sluice.${lower(which)}_row`;
const given = (which: Which, at: number | 'key'): string => `sluice.${lower(which)}_${at}_given`;

const valuesOf = (
  { payload, expressions }: Subject,
  ofExpression: (at: number, expression: UserExpression) => string,
): readonly RecordedValue[] => [
  ...payload,
  ...expressions.map((each, at): RecordedValue => ({ ...each, sql: ofExpression(at + 1, each) })),
];

const block = (work: readonly string[], failing: readonly string[]): string =>
  `BEGIN\n${indented(work.join('\n'))}\nEXCEPTION WHEN OTHERS THEN\n${indented(failing.join('\n'))}\nEND;`;

export const when = (test: string, ...then: readonly string[]): string =>
  `IF ${test} THEN\n${indented(then.join('\n'))}\nEND IF;`;

/** Whether the condition has the row. One that cannot be told, as of 1/0, counts as true: what is recorded too much can be left out later. */
export const condition = ({ where }: Subject, which: Which): string => {
  const into = `sluice.${lower(which)}_is_in`;
  return block(
    [`${into} := (SELECT ${isTrue(where ?? 'true')} FROM (SELECT ${which}.*) AS n);`],
    [`${into} := true;`],
  );
};

/** What a user's expressions give of the row; NULL where one of them fails. */
export function computed(subject: Subject, which: Which): readonly string[] {
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

/** Where several rows are told one after the other: what fails of one must not be what the one before gave. */
export const unset = (subject: Subject): readonly string[] => [
  ...subject.expressions.map((_, at) => `${given('NEW', at + 1)} := NULL;`),
  ...(keyExpression(subject) === null ? [] : [`${given('NEW', 'key')} := NULL;`]),
];

/** All that can be told is that there was a change; who reads it asks for the table anew. */
export function lost(subject: Subject, whichs: readonly Which[]): readonly string[] {
  const has = (which: Which): string | null => (whichs.includes(which) ? NOT_RECORDED : null);
  const operation = whichs.length === 2 ? 'U' : has('NEW') === null ? 'D' : 'I';
  return [renderEvent(subject, { operation, key: 'NULL', old: has('OLD'), new: has('NEW') }), 'RETURN NULL;'];
}

/** The event of a row that stands and cannot be told. */
export const notRecorded = (subject: Subject, operation: string): string =>
  renderEvent(subject, { operation, key: 'NULL', old: null, new: NOT_RECORDED });

/** The key of the message. */
const keyOf = (subject: Subject, which: Which): string =>
  renderMessageKey(subject, which, given(which, 'key'));

/**
 * Writes the rows down. What fails here is no row's fault: a column was renamed or dropped since the deployment, or its text would pass 1 GB;
 * the application's statement goes on, and what is recorded says that it was not.
 */
export const written = (subject: Subject, whichs: readonly Which[], first: readonly string[] = []): string =>
  writtenOr(subject, whichs, lost(subject, whichs), first);

/** The same; @param failing  what is done where it fails */
export function writtenOr(
  subject: Subject,
  whichs: readonly Which[],
  failing: readonly string[],
  first: readonly string[] = [],
): string {
  const values = (which: Which) => valuesOf(subject, (at) => given(which, at));
  const assign = (render: (which: Which) => string): string =>
    whichs.map((which) => `${rowOf(which)} := ${render(which)};`).join('\n');
  const tooLong = renderTooLong(subject.payload, whichs);
  const atUtc = renderAtUtc(values('NEW'));
  const ways: readonly (readonly [string | null, string])[] = [
    [tooLong, assign((which) => renderJsonOf(values(which), which, true))],
    [atUtc, assign((which) => renderObjectOf(values(which), which, true))],
  ];
  return block(
    [
      ...first,
      choose(
        ways,
        assign((which) => renderObjectOf(values(which), which, false)),
      ),
    ],
    failing,
  );
}

/** The first way whose test is so; one that has none is never gone. */
function choose(ways: readonly (readonly [string | null, string])[], otherwise: string): string {
  const tested = ways.filter(([test]) => test !== null);
  if (tested.length === 0) return otherwise;
  const branches = tested.map(
    ([test, then], at) => `${at === 0 ? 'IF' : 'ELSIF'} ${test} THEN\n${indented(then)}`,
  );
  return [...branches, `ELSE\n${indented(otherwise)}`, 'END IF;'].join('\n');
}

/**
 * Where the table cannot be looked at, for it was renamed, or our right to read it is gone: rows of one statement leave and take
 * keys in their order, so that what is told is right, but not where several may have a key, or others changed it in between.
 */
export const asToldUnlessNested = (
  subject: Subject,
  whichs: readonly Which[],
  asTold: readonly string[],
): readonly string[] => [when(renderNested(subject) ?? 'false', ...lost(subject, whichs)), ...asTold];

/** Looks for the row that has the key of NEW or OLD now, and passes the condition. */
export function lookUp(subject: Subject, which: Which, failing: readonly string[]): string {
  const key = renderMessageKey(subject, 'n', asText(`(\n${keyExpression(subject) ?? ''}\n)`));
  const passes = subject.where === null ? '' : ` AND ${isTrue(subject.where)}`;
  return block(
    [
      `SELECT ${renderJsonOf(
        valuesOf(subject, (_, { sql, type }) => `(\n${sql}\n)::${type}`),
        'n',
        true,
      )}, ${key}, ${sameImage('n', which, namesOf(subject.key))}
  INTO sluice.standing, sluice.standing_key, sluice.is_same
  FROM ${standingRows(subject, 'n')}
  WHERE ${sameKey(subject.key, 'n', which)}${passes} LIMIT 1;`,
    ],
    failing,
  );
}

export const newAsTold = (subject: Subject): readonly string[] => [
  `sluice.standing := ${rowOf('NEW')};`,
  `sluice.standing_key := ${keyOf(subject, 'NEW')};`,
];

export const recordStanding = (subject: Subject, operation: string, old: string | null = null): string =>
  renderEvent(subject, { operation, key: 'sluice.standing_key', old, new: 'sluice.standing' });

export const inserted = (subject: Subject): EventText => ({
  operation: 'I',
  key: keyOf(subject, 'NEW'),
  old: null,
  new: rowOf('NEW'),
});
export const updated = (subject: Subject): EventText => ({
  operation: 'U',
  key: keyOf(subject, 'NEW'),
  old: rowOf('OLD'),
  new: rowOf('NEW'),
});
export const deleted = (subject: Subject): EventText => ({
  operation: 'D',
  key: keyOf(subject, 'OLD'),
  old: rowOf('OLD'),
  new: null,
});

/** The row has left its key: it is deleted there, unless another row stands at the key by now. */
export const recordLoss = (subject: Subject, whichs: readonly Which[]): readonly string[] => [
  lookUp(subject, 'OLD', asToldUnlessNested(subject, whichs, ['sluice.standing := NULL;'])),
  when('sluice.standing IS NULL OR NOT sluice.is_same', renderEvent(subject, deleted(subject))),
  when('sluice.standing IS NOT NULL', recordStanding(subject, 'I')),
];
