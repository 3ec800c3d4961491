import { list, qualified, quote } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';
import { guarded, indented, joinLines, keep, when } from './plsql-lines.ts';
import { isLongColumn, recordedAs, renderSame } from './recorded-value.ts';
import { documentName, type Which } from './render-image.ts';
import { documentsOf, keyVariable, lookedAt, rowDeclarations, valueOf, written } from './render-row.ts';
import type { RecordedColumn, Subject } from './subject.ts';
import { onRow, rowNamed } from './user-sql.ts';

const WHICH: readonly Which[] = ['OLD', 'NEW'];
const isIn = (which: Which): string => (which === 'OLD' ? 'WAS_IN' : 'IS_IN');

const condition = ({ where, all }: Subject, which: Which): readonly string[] =>
  where === null
    ? []
    : guarded(
        when(
          keep(onRow(where, all, rowNamed(which))),
          [`${isIn(which)} := TRUE;`],
          [`${isIn(which)} := FALSE;`],
        ),
        `${isIn(which)} := TRUE;`,
      );

const ofOld = { which: 'OLD', row: rowNamed('OLD') } as const;
const ofNew = { which: 'NEW', row: rowNamed('NEW') } as const;

const same = (subject: Subject, columns: readonly RecordedColumn[], own: string): string =>
  columns.length === 0
    ? 'TRUE'
    : columns
        .map((column) =>
          renderSame(
            // A document is its text by then.
            isDocument(column) ? { type: 'CLOB' } : column,
            [valueOf(subject, ofOld, column), valueOf(subject, ofNew, column)],
            own,
          ),
        )
        .join(' AND ');
const isDocument = (column: RecordedColumn): boolean => recordedAs(column)?.kind === 'document';

function declarations(subject: Subject, own: string): readonly string[] {
  return [
    `NONE ${own}.PAYLOAD;`,
    ...WHICH.flatMap((which) => rowDeclarations(subject, which, own)),
    'IS_CHANGED BOOLEAN := TRUE;',
    'IS_OTHER BOOLEAN := FALSE;',
    'WAS_IN BOOLEAN := NOT INSERTING;',
    'IS_IN BOOLEAN := NOT DELETING;',
  ];
}

/** Texts of documents, which SQL makes; and what an update has changed. */
function comparing(subject: Subject, own: string): readonly string[] {
  const { key } = subject;
  const documents = documentsOf(subject).flatMap(({ column, at, recorded }) =>
    WHICH.flatMap((which) =>
      when(which === 'OLD' ? 'NOT INSERTING' : 'NOT DELETING', [
        `SELECT ${recorded.render(rowNamed(which)(column.name))} INTO ${documentName(which, at)} FROM DUAL;`,
      ]),
    ),
  );
  const changed = [
    `IS_CHANGED := NOT (${same(subject, lookedAt(subject), own)});`,
    ...(key.length === 0 ? [] : [`IS_OTHER := NOT (${same(subject, key, own)});`]),
  ];
  return [...documents, ...when('UPDATING', changed)];
}

/** A row that has another key is deleted and inserted; one that leaves the condition is deleted, one that comes into it inserted. */
function recording(subject: Subject, own: string): readonly string[] {
  const { where, deciding, watched } = subject;
  const [oldKey, newKey] = [keyVariable(subject, 'OLD'), keyVariable(subject, 'NEW')];
  const filters =
    where === null
      ? []
      : [
          ...when('NOT INSERTING', condition(subject, 'OLD')),
          ...when('NOT DELETING', condition(subject, 'NEW')),
        ];
  const silent =
    deciding.length === 0
      ? []
      : when(`UPDATING AND WAS_IN AND IS_IN AND ${same(subject, watched, own)}`, [
          'WAS_IN := FALSE;',
          'IS_IN := FALSE;',
        ]);
  return [
    ...filters,
    ...silent,
    ...when('WAS_IN', written(subject, { ...ofOld, own })),
    ...when('IS_IN', written(subject, { ...ofNew, own })),
    ...when(
      'WAS_IN AND IS_IN AND NOT IS_OTHER',
      [`${own}.ADD_EVENT(EVENTS, 'U', ${newKey}, OLD_ROW, NEW_ROW);`],
      [
        ...when('WAS_IN', [`${own}.ADD_EVENT(EVENTS, 'D', ${oldKey}, OLD_ROW, NONE);`]),
        ...when('IS_IN AND IS_OTHER', [`${own}.ADD_GAIN(GAINS, ${newKey}, NEW_ROW);`]),
        ...when('IS_IN AND NOT IS_OTHER', [`${own}.ADD_EVENT(EVENTS, 'I', ${newKey}, NONE, NEW_ROW);`]),
      ],
    ),
  ];
}

/** Events are written so many at once, and at the end of the statement. */
export const BULK = 1_000;

/**
 * What fails here is no row's fault: no room for a temporary text, a document that its type cannot print. The event says that it could not be
 * recorded, and the statement goes on; not so when somebody cancels it.
 */
const rowFailed = (own: string): readonly string[] => [
  'EXCEPTION',
  '  WHEN OTHERS THEN',
  '    IF SQLCODE = -1013 THEN RAISE; END IF;',
  `    IF INSERTING THEN ${own}.ADD_LOST(EVENTS, 'I');`,
  `    ELSIF DELETING THEN ${own}.ADD_LOST(EVENTS, 'D');`,
  `    ELSE ${own}.ADD_LOST(EVENTS, 'U'); END IF;`,
];

function eachRow(subject: Subject, own: string): readonly string[] {
  const args = `${subject.number}, TX`;
  return [
    'AFTER EACH ROW IS',
    ...indented(declarations(subject, own)),
    'BEGIN',
    // The transaction has its number before any id is drawn in it (claims/open-transactions.ts).
    '  IF TX IS NULL THEN TX := DBMS_TRANSACTION.LOCAL_TRANSACTION_ID(TRUE); END IF;',
    '  BEGIN',
    ...indented(indented([...comparing(subject, own), ...when('IS_CHANGED', recording(subject, own))])),
    ...indented(rowFailed(own)),
    '  END;',
    ...indented(
      when(`EVENTS.COUNT >= ${BULK} OR OLD_ROW.LONG_TEXT IS NOT NULL OR NEW_ROW.LONG_TEXT IS NOT NULL`, [
        `${own}.WRITE_EVENTS(EVENTS, ${args});`,
      ]),
    ),
    ...indented(when(`GAINS.COUNT >= ${BULK}`, [`${own}.HOLD_GAINS(GAINS, ${args}, FROM_ID, TO_ID);`])),
    'END AFTER EACH ROW;',
  ];
}

/** Columns of which one must be named by an update for the trigger to fire; none: any update. */
function firesFor({ operations, watched, deciding, all }: Subject): string {
  const columns = [...watched, ...deciding];
  const some = columns.length > 0 && columns.length < all.length && !columns.some(isLongColumn);
  const of = some ? ` OF ${list(columns.map(({ name }) => quote(name)))}` : '';
  return operations
    .map((operation) => (operation === 'update' ? `UPDATE${of}` : operation.toUpperCase()))
    .join(' OR ');
}

/** One trigger of a table as it is to stand. */
export interface TriggerText {
  readonly name: string;
  /** All behind the trigger's name. */
  readonly body: string;
}

/**
 * One trigger for all operations: MERGE changes and deletes the same row in one statement, and events of a row must be in the order of its
 * changes. The package that it calls lies in its own schema.
 */
export function renderBody({ own }: CaptureNames, subject: Subject): string {
  const lines = [
    'COMPOUND TRIGGER',
    ...indented([
      `EVENTS ${own}.EVENTS;`,
      `GAINS ${own}.EVENTS;`,
      'TX VARCHAR2(64);',
      'FROM_ID NUMBER;',
      'TO_ID NUMBER;',
      // A statement that the server begins anew, for others changed its rows, begins here again.
      'BEFORE STATEMENT IS',
      'BEGIN',
      '  EVENTS.DELETE;',
      '  GAINS.DELETE;',
      '  FROM_ID := NULL;',
      'END BEFORE STATEMENT;',
      ...eachRow(subject, own),
      'AFTER STATEMENT IS',
      'BEGIN',
      `  ${own}.WRITE_EVENTS(EVENTS, ${subject.number}, TX);`,
      `  ${own}.WRITE_GAINS(GAINS, ${subject.number}, TX, FROM_ID, TO_ID);`,
      'END AFTER STATEMENT;',
    ]),
    'END;',
  ];
  return joinLines(lines);
}

/** The statement of a trigger. @param how  DISABLE: it is compiled, and fires for nobody */
export const renderCreate = (
  names: CaptureNames,
  subject: Subject,
  { name, body }: TriggerText,
  how: 'ENABLE' | 'DISABLE' = 'ENABLE',
): string =>
  `CREATE OR REPLACE TRIGGER ${quote(names.schema)}.${quote(name)} FOR ${firesFor(subject)} ON ${qualified(subject.table)} ${how}\n${body}`;
