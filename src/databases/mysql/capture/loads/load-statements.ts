import type { LoadColumn } from '../../../../engine/capture/loads/load-columns.ts';
import type { LoadPosition } from '../../../../engine/capture/loads/stored-load.ts';
import type { Session } from '../../connections/session.ts';
import { list, literal, qualified } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import {
  type EventText,
  renderExpressions,
  renderInsertEvents,
  renderInsertSelected,
  renderKeyExpression,
  renderMessageKey,
  renderPayload,
} from '../triggers/render-event.ts';
import type { Subject } from '../triggers/subject.ts';
import { onRow, rowNamed } from '../triggers/user-sql.ts';
import { renderAt, renderOrder, renderPosition, renderWithin } from './load-position.ts';

/** A table as its rows are loaded. */
export interface LoadSource {
  readonly subject: Subject;
  readonly columns: readonly LoadColumn[];
  /** Beside the condition of the capture. */
  readonly where: string | null;
  /** By the primary key alone, whose index is then the one to be read and locked. */
  readonly isByKey: boolean;
}

const row = rowNamed('n');

const from = ({ subject, isByKey }: LoadSource, conditions: readonly string[]): string =>
  `FROM ${qualified(subject.table)} AS n${isByKey ? ' FORCE INDEX (PRIMARY)' : ''}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`}`;

/** The position of the last of so many rows behind another position; no row where there are fewer. */
export const renderBound = (load: LoadSource, after: LoadPosition | null, rows: number): string =>
  `SELECT ${list(renderPosition(load.columns))} ${from(load, renderWithin(load.columns, after, null))} ORDER BY ${renderOrder(load.columns)} LIMIT 1 OFFSET ${Math.max(1, rows) - 1}`;

/** As the trigger of an insertion would have them. */
const textsOf = ({ subject }: LoadSource): { readonly key: string; readonly payload: string } => ({
  key: renderMessageKey(subject, row, renderKeyExpression(subject, row)),
  payload: renderPayload(subject, row, renderExpressions(subject, row)),
});

const passes = (load: LoadSource): readonly string[] =>
  [load.subject.where, load.where].flatMap((sql) =>
    sql === null ? [] : [`${onRow(sql, load.subject.all, row)} IS TRUE`],
  );

/**
 * Key, payload and position of each row of a chunk, which is locked: whoever changes it waits until the transaction ends. What is
 * locked is read as it is now, whatever the transaction saw before.
 */
export function renderLocked(
  load: LoadSource,
  { after, upto }: { readonly after: LoadPosition | null; readonly upto: LoadPosition | null },
  flavour: Session['facts']['flavour'],
): string {
  const { key, payload } = textsOf(load);
  const conditions = [...renderWithin(load.columns, after, upto), ...passes(load)];
  const lock = flavour === 'mysql' ? 'FOR SHARE NOWAIT' : 'LOCK IN SHARE MODE NOWAIT';
  return `SELECT ${list([key, payload, ...renderPosition(load.columns)])} ${from(load, conditions)} ORDER BY ${renderOrder(load.columns)} ${lock}`;
}

export interface LockedRow {
  readonly key: string | null;
  readonly payload: string;
  readonly position: LoadPosition;
}

/** Of a statement; a packet that the server takes is larger. */
const STATEMENT_BYTES = 512 * 1024;

const eventOf = ({ key, payload }: LockedRow): EventText => ({
  operation: `'i'`,
  key: key === null ? 'NULL' : literal(key),
  old: 'NULL',
  new: literal(payload),
});

/** Statements that write the rows as events, in their order. */
export function renderEvents(
  names: CaptureNames,
  load: LoadSource,
  rows: readonly LockedRow[],
): readonly string[] {
  const { number } = load.subject;
  const statements: string[] = [];
  let events: EventText[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (events.length > 0) statements.push(renderInsertEvents(names, number, events));
    events = [];
    bytes = 0;
  };
  for (const each of rows) {
    // The server itself makes the text of a row that would be too long to be sent.
    if (Buffer.byteLength(each.payload) > STATEMENT_BYTES) {
      flush();
      const { key, payload } = textsOf(load);
      const own = { operation: `'i'`, key, old: 'NULL', new: payload };
      statements.push(
        renderInsertSelected(names, number, own, from(load, [renderAt(load.columns, each.position)])),
      );
      continue;
    }
    const event = eventOf(each);
    events.push(event);
    bytes += Buffer.byteLength(event.new) + Buffer.byteLength(event.key);
    if (bytes > STATEMENT_BYTES) flush();
  }
  flush();
  return statements;
}
