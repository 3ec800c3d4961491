import {
  CHANGE_OPERATIONS,
  type ChangeEvent,
  type ChangeLetter,
  EVENT_CELLS,
} from '../../model/change-event.ts';
import { SluiceError } from '../../model/sluice-error.ts';

/**
 * What applying needs of an event. Texts are bytes, one letter each (Latin-1): nothing is decoded that only passes through.
 * `old` and `new` are cells as they stand in the block, with its escapes; null for `\N`.
 */
export interface RawEvent {
  /** Digits. */
  readonly id: string;
  readonly table: number;
  readonly operation: ChangeLetter;
  readonly old: string | null;
  readonly new: string | null;
}

const damaged = (what: string): SluiceError =>
  new SluiceError('source.value_rejected', `a block of captured changes ${what}`);

const LETTERS: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The text of a cell without the escapes of `text-rows`. */
export const unescapeText = (cell: string): string =>
  cell.includes('\\') ? cell.replaceAll(/\\([\s\S])/g, (_, char: string) => LETTERS[char] ?? char) : cell;

const isLetter = (text: string): text is ChangeLetter => Object.hasOwn(CHANGE_OPERATIONS, text);

/** The nine cells of every line. */
function* lines(text: string): Generator<string[], void, undefined> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    if (end < 0) throw damaged('ends within an event');
    const cells = text.slice(from, end).split('\t');
    if (cells.length !== EVENT_CELLS.length) throw damaged('has an event of another width');
    yield cells;
    from = end + 1;
  }
}

function letterOf(cell: string): ChangeLetter {
  if (isLetter(cell)) return cell;
  throw damaged('has an event of no known operation');
}

function numberOf(cell: string): number {
  if (/^\d{1,9}$/.test(cell)) return Number(cell);
  throw damaged('has an event of no table');
}

const orNull = (cell: string): string | null => (cell === '\\N' ? null : cell);

/**
 * The events of a block of `event-rows`, in its order.
 * @throws SluiceError source.value_rejected where it is none
 */
export function* rawEvents(data: Buffer): Generator<RawEvent, void, undefined> {
  for (const cells of lines(data.toString('latin1'))) {
    const [id = '', table = '', operation = '', , , , , old = '\\N', after = '\\N'] = cells;
    yield {
      id,
      table: numberOf(table),
      operation: letterOf(operation),
      old: orNull(old),
      new: orNull(after),
    };
  }
}

const textOrNull = (cell: string): string | null => (cell === '\\N' ? null : unescapeText(cell));

/**
 * The same with all cells, as texts without escapes: bytes are never decoded, so none is altered, be it what the database took for
 * text and is none.
 * @throws SluiceError source.value_rejected where it is none
 */
export function* wholeEvents(data: Buffer): Generator<ChangeEvent, void, undefined> {
  for (const cells of lines(data.toString('latin1'))) {
    const [id = '', table = '', operation = '', transaction = '', at = '', user = ''] = cells;
    const [key = null, old = null, after = null] = cells.slice(6).map(textOrNull);
    yield {
      id,
      table: numberOf(table),
      operation: letterOf(operation),
      transaction: textOrNull(transaction) ?? '',
      at: textOrNull(at) ?? '',
      user: textOrNull(user) ?? '',
      key,
      old,
      new: after,
    };
  }
}
