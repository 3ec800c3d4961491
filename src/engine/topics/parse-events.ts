import {
  CHANGE_OPERATIONS,
  type ChangeEvent,
  type ChangeLetter,
  EVENT_CELLS,
} from '../../model/change-event.ts';
import { SluiceError } from '../../model/sluice-error.ts';

/** Of `text-rows`; each other letter stands for itself. */
const ESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b' };
const unescape = (cell: string): string =>
  cell.replaceAll(/\\([^])/g, (_, letter: string) => ESCAPED[letter] ?? letter);

const isOperation = (letter: string | undefined): letter is ChangeLetter =>
  letter !== undefined && Object.hasOwn(CHANGE_OPERATIONS, letter);

const damaged = (): SluiceError =>
  new SluiceError('batch.damaged', 'captured events cannot be read: they are no rows of events');

/**
 * Events of `event-rows`, in their order. Texts hold one byte of the block in each letter (latin1): bytes are never decoded, so none
 * is altered, be it what the database took for text and is none.
 * @throws SluiceError batch.damaged
 */
export function parseEvents(data: Buffer): readonly ChangeEvent[] {
  const text = data.toString('latin1');
  const events: ChangeEvent[] = [];
  for (let at = 0, end = 0; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at);
    if (end < 0) throw damaged();
    events.push(parseEvent(text.slice(at, end)));
  }
  return events;
}

function parseEvent(row: string): ChangeEvent {
  const cells: readonly string[] = row.split('\t');
  const operation = cells[2];
  if (cells.length !== EVENT_CELLS.length || !isOperation(operation)) throw damaged();
  const hasEscapes = row.includes('\\');
  const cell = (index: number): string | null => {
    const value = cells[index] as string;
    if (!hasEscapes || !value.includes('\\')) return value;
    return value === '\\N' ? null : unescape(value);
  };
  const text = (index: number): string => cell(index) ?? '';
  return {
    id: text(0),
    table: Number(cells[1]),
    operation,
    transaction: text(3),
    at: text(4),
    user: text(5),
    key: cell(6),
    old: cell(7),
    new: cell(8),
  };
}
