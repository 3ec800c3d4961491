import type { LoadColumn } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import { list, qualified, quote } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';
import { indented, joinLines, keep, when } from '../triggers/plsql-lines.ts';
import { documentName } from '../triggers/render-image.ts';
import {
  documentsOf,
  keyExpression,
  keyVariable,
  payloadsOf,
  rowDeclarations,
  written,
} from '../triggers/render-row.ts';
import { BULK } from '../triggers/render-trigger.ts';
import type { Subject } from '../triggers/subject.ts';
import { columnsIn, onRow, type RowOf } from '../triggers/user-sql.ts';
import { renderOrder, renderPosition, renderWithin, ROW } from './load-position.ts';

/** A table as its rows are loaded. */
export interface LoadSource {
  readonly subject: Subject;
  readonly columns: readonly LoadColumn[];
  /** Beside the condition of the capture. */
  readonly where: string | null;
}

const cell: RowOf = (column) => `${ROW}.${quote(column)}`;
const from = ({ subject }: LoadSource, conditions: readonly string[]): string =>
  `FROM ${qualified(subject.table)} ${ROW}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`}`;

/** The position of the last of `:most` rows behind another position; no row where there are fewer. */
export function renderBound(load: LoadSource, after: LoadPosition | null): string {
  const names = load.columns.map((_, at) => `P${at}`);
  const texts = renderPosition(load.columns).map((text, at) => `${text} AS P${at}`);
  const ordered = `SELECT ${list(texts)} ${from(load, renderWithin(load.columns, after, null))} ORDER BY ${renderOrder(load.columns)}`;
  const first = `SELECT ${list(names)}, ROWNUM AS PLACE FROM (${ordered}) WHERE ROWNUM <= TO_NUMBER(:most)`;
  return `SELECT ${list(names)} FROM (${first}) WHERE PLACE = TO_NUMBER(:most)`;
}

interface Chunk {
  readonly after: LoadPosition | null;
  readonly upto: LoadPosition | null;
}

/** Columns of the row that its event is made of, but for documents, of which the texts are read. */
function neededColumns(subject: Subject): readonly string[] {
  const { payload, key, expressions, all } = subject;
  const documents = new Set(documentsOf(subject).map(({ column }) => column.name));
  const sql = [...expressions.map((each) => each.sql), keyExpression(subject) ?? ''];
  const named = new Set([
    ...[...payload, ...key].flatMap(({ name }) => (documents.has(name) ? [] : [name])),
    ...sql.flatMap((text) => columnsIn(text, all)),
  ]);
  return all.filter((name) => named.has(name));
}

/** What is read of a row, by names that no table can have otherwise. */
function itemsOf(subject: Subject, needed: readonly string[]): readonly string[] {
  const cells = needed.map((name, at) => `${cell(name)} AS C${at}`);
  const documents = documentsOf(subject).map(
    ({ column, at, recorded }) => `${recorded.render(cell(column.name))} AS D${at}`,
  );
  return cells.length + documents.length === 0 ? ['1 AS C0'] : [...cells, ...documents];
}

function writeRow({ subject }: LoadSource, needed: readonly string[], own: string): readonly string[] {
  const row: RowOf = (column) => `R.C${needed.indexOf(column)}`;
  return [
    ...payloadsOf('NEW').map((name) => `${name} := NONE;`),
    ...documentsOf(subject).map(({ at }) => `${documentName('NEW', at)} := R.D${at};`),
    ...written(subject, { which: 'NEW', row, own }),
    `${own}.ADD_EVENT(EVENTS, 'i', ${keyVariable(subject, 'NEW')}, NONE, NEW_ROW);`,
    'MADE := MADE + 1;',
    ...when(`EVENTS.COUNT >= ${BULK} OR NEW_ROW.LONG_TEXT IS NOT NULL`, [
      `${own}.WRITE_EVENTS(EVENTS, ${subject.number}, TX);`,
    ]),
  ];
}

/**
 * Locks the rows of a chunk, or fails at once with ORA-00054 where others have one, and writes each as the trigger of an insertion would. What is
 * locked is read behind the lock, by its address: what the server saw of it before may be older. A row that has left the chunk
 * meanwhile, or the condition, is left alone, for it was changed, and so recorded. `:result` is how many were written.
 */
export function renderChunk(names: CaptureNames, load: LoadSource, { after, upto }: Chunk): string {
  const { subject, columns, where } = load;
  const own = names.recorder;
  const needed = neededColumns(subject);
  const passes = [subject.where, where].flatMap((sql) =>
    sql === null ? [] : [keep(onRow(sql, subject.all, cell))],
  );
  const conditions = [...renderWithin(columns, after, upto), ...passes];
  const locked = `${from(load, conditions)} ORDER BY ${renderOrder(columns)} FOR UPDATE NOWAIT`;
  const again = from(load, [`${ROW}.ROWID = SLUICE_ADDRESS`, ...conditions]);
  return joinLines([
    'DECLARE',
    ...indented([
      'TYPE ADDRESSES IS TABLE OF UROWID INDEX BY PLS_INTEGER;',
      'LOCKED ADDRESSES;',
      'SLUICE_ADDRESS UROWID;',
      `EVENTS ${own}.EVENTS;`,
      `NONE ${own}.PAYLOAD;`,
      ...rowDeclarations(subject, 'NEW', own),
      'TX VARCHAR2(64) := DBMS_TRANSACTION.LOCAL_TRANSACTION_ID(TRUE);',
      'MADE PLS_INTEGER := 0;',
    ]),
    'BEGIN',
    ...indented([
      `SELECT ${ROW}.ROWID BULK COLLECT INTO LOCKED ${locked};`,
      'FOR I IN 1 .. LOCKED.COUNT LOOP',
      '  SLUICE_ADDRESS := LOCKED(I);',
      `  FOR R IN (SELECT ${list(itemsOf(subject, needed))} ${again}) LOOP`,
      ...indented(indented(writeRow(load, needed, own))),
      '  END LOOP;',
      'END LOOP;',
      `${own}.WRITE_EVENTS(EVENTS, ${subject.number}, TX);`,
      ':result := MADE;',
    ]),
    'END;',
  ]);
}
