import { literal } from '../../sql/names.ts';
import { type Recorded, recordedAs } from './recorded-value.ts';
import type { RecordedColumn } from './subject.ts';

export type Which = 'NEW' | 'OLD';

/** What PL/SQL holds as a text: what a statement joins must not be longer. */
const MOST_JOINED = 32_767;

/** A member of a payload: its name, and what writes its value. */
export interface Member {
  readonly name: string;
  /** `:NEW."ID"`, or a variable that has the text already. */
  readonly value: string;
  readonly recorded: Recorded;
}

/** The variable that has the text of a document. */
export const documentName = (which: Which, at: number): string => `${which}_DOC${at}`;

/** @param valueOf  of a document the variable that has its text */
export const members = (
  columns: readonly RecordedColumn[],
  valueOf: (column: RecordedColumn) => string,
): readonly Member[] =>
  columns.flatMap((column): Member[] => {
    const recorded = recordedAs(column);
    if (recorded === null) return [];
    const { name } = column;
    const long: Recorded = { kind: 'long', procedure: 'PUT_TEXT', render: (value) => value };
    return [{ name, value: valueOf(column), recorded: recorded.kind === 'document' ? long : recorded }];
  });

/**
 * Statements that write a row's JSON into a variable: `{"ID": 1, "NAME": "x"}`. What is short is joined, as much as one text holds; what
 * may be long is added for itself.
 */
export function renderImage(all: readonly Member[], variable: string, own: string): readonly string[] {
  const lines: string[] = [];
  let joined: string[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (joined.length > 0) lines.push(`${own}.PUT(${variable}, ${joined.join(' || ')});`);
    [joined, bytes] = [[], 0];
  };
  for (const [at, { name, value, recorded }] of all.entries()) {
    const label = `${at === 0 ? '{' : ', '}${JSON.stringify(name)}: `;
    const most = Buffer.byteLength(label) + (recorded.kind === 'text' ? recorded.mostBytes : 0);
    if (bytes + most > MOST_JOINED) flush();
    joined.push(literal(label));
    bytes += most;
    if (recorded.kind === 'text') joined.push(recorded.render(value, own));
    if (recorded.kind !== 'long') continue;
    flush();
    lines.push(`${own}.${recorded.procedure}(${variable}, ${recorded.render(value)});`);
  }
  joined.push(literal(all.length === 0 ? '{}' : '}'));
  flush();
  return lines;
}
