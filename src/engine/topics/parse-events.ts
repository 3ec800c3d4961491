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

const textOf = (cell: string): string | null => {
  if (!cell.includes('\\')) return cell;
  return cell === '\\N' ? null : unescape(cell);
};

function parseEvent(row: string): ChangeEvent {
  const cells = row.split('\t');
  const [id = '', table, operation, transaction = '', at = '', user = '', key = '', old = '', after = ''] =
    cells;
  if (cells.length !== EVENT_CELLS.length || !isOperation(operation)) throw damaged();
  return {
    id,
    table: Number(table),
    operation,
    transaction: textOf(transaction) ?? '',
    at: textOf(at) ?? '',
    user: textOf(user) ?? '',
    key: textOf(key),
    old: textOf(old),
    new: textOf(after),
  };
}
