import { literal } from '../../sql/names.ts';
import { guarded, keep } from './plsql-lines.ts';
import { recordedAs } from './recorded-value.ts';
import { documentName, type Member, members, renderImage, type Which } from './render-image.ts';
import type { RecordedColumn, Subject } from './subject.ts';
import { onRow, type RowOf } from './user-sql.ts';

/** A row that a block of PL/SQL writes as an event: into which variables, and from where it has the row. */
export interface RowToWrite {
  readonly which: Which;
  readonly row: RowOf;
  /** The package, as the block names it. */
  readonly own: string;
}

export const rowOf = (which: Which): string => `${which}_ROW`;
/** JSON of the primary key; and the key of the message, where it is another. */
const primaryOf = (which: Which): string => `${which}_PRIMARY`;
const keyOf = (which: Which): string => `${which}_KEY`;
const givenName = (which: Which, at: number): string => `${which}_X${at}`;

/** Columns by whose places documents are named: those that are looked at. */
export const lookedAt = ({ watched, deciding }: Subject): readonly RecordedColumn[] => [
  ...watched,
  ...deciding,
];

/** Documents of a table, and their places among what is looked at. */
export const documentsOf = (subject: Subject) =>
  lookedAt(subject).flatMap((column, at) => {
    const recorded = recordedAs(column);
    return recorded?.kind === 'document' ? [{ column, at, recorded }] : [];
  });

export const valueOf = (
  subject: Subject,
  { which, row }: Pick<RowToWrite, 'which' | 'row'>,
  column: RecordedColumn,
): string => {
  const found = documentsOf(subject).find((each) => each.column.name === column.name);
  return found ? documentName(which, found.at) : row(column.name);
};

const membersOf = (subject: Subject, columns: readonly RecordedColumn[], of: RowToWrite): readonly Member[] =>
  members(columns, (column) => valueOf(subject, of, column));

const expressionMembers = ({ expressions }: Subject, which: Which): readonly Member[] =>
  expressions.map(({ name }, at) => ({
    name,
    value: givenName(which, at),
    recorded: { kind: 'text', render: (value) => value, mostBytes: 32_000 },
  }));

export const keyExpression = ({ messageKey }: Subject): string | null =>
  typeof messageKey === 'object' && 'expression' in messageKey ? messageKey.expression : null;

/** Writes the key of a message, where it is not the primary key's own text. */
function writeKey(subject: Subject, { which, row, own }: RowToWrite): readonly string[] {
  const { messageKey: wanted, all } = subject;
  const text = `${keyOf(which)}.SHORT_TEXT`;
  if (wanted === 'transaction') return [`${text} := TX;`];
  const expression = keyExpression(subject);
  if (expression !== null)
    return guarded(
      [`${text} := ${own}.GIVEN_KEY(${keep(onRow(expression, all, row))});`],
      `${text} := NULL;`,
    );
  return typeof wanted === 'object' && 'fixed' in wanted
    ? [`${text} := ${keep(literal(wanted.fixed))};`]
    : [];
}

const isPrimaryKeyed = ({ messageKey: wanted = 'primary', key }: Subject): boolean =>
  wanted === 'primary' && key.length > 0;
export const keyVariable = (subject: Subject, which: Which): string =>
  isPrimaryKeyed(subject) ? primaryOf(which) : keyOf(which);

/** Writes row and key into their variables, which are empty. */
export function written(subject: Subject, of: RowToWrite): readonly string[] {
  const { payload, key, expressions, all } = subject;
  const { which, row, own } = of;
  const image = [...membersOf(subject, payload, of), ...expressionMembers(subject, which)];
  const computed = expressions.flatMap(({ sql }, at) =>
    guarded(
      [`${givenName(which, at)} := ${own}.GIVEN(${keep(onRow(sql, all, row))});`],
      `${givenName(which, at)} := 'null';`,
    ),
  );
  return [
    ...computed,
    ...(key.length === 0 ? [] : renderImage(membersOf(subject, key, of), primaryOf(which), own)),
    ...writeKey(subject, of),
    ...renderImage(image, rowOf(which), own),
    `${own}.END_ROW(${rowOf(which)}, ${primaryOf(which)});`,
  ];
}

/** Variables that have to be empty before another row is written into them. */
export const payloadsOf = (which: Which): readonly string[] => [rowOf(which), primaryOf(which), keyOf(which)];

/** Declares what `written` writes into. */
export const rowDeclarations = (subject: Subject, which: Which, own: string): readonly string[] => [
  ...payloadsOf(which).map((name) => `${name} ${own}.PAYLOAD;`),
  ...subject.expressions.map((_, at) => `${givenName(which, at)} VARCHAR2(32767);`),
  ...documentsOf(subject).map(({ at }) => `${documentName(which, at)} CLOB;`),
];
