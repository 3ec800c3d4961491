import type { ChangeEvent } from '../../../model/change-event.ts';
import { ANY_KEY } from '../../ports/event-parking.ts';
import type { TopicTable } from '../topic-table.ts';

const decoded = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

/** One thing of JSON: a text, a mark, or a word of any other kind. */
const TOKEN = /\s*("(?:[^"\\]|\\[\s\S])*"|[{}[\],:]|[^\s"{}[\],:]+)/y;

/** Values of a flat object by its names, as they stand there; null for what is none. */
function membersOf(json: string): ReadonlyMap<string, string> | null {
  const members = new Map<string, string>();
  let depth = 0;
  let name: string | null = null;
  let value = '';
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(json); found; found = TOKEN.exec(json)) {
    const token = found[1] ?? '';
    const isOpening = token === '{' || token === '[';
    const isClosing = token === '}' || token === ']';
    if (isClosing) depth -= 1;
    const isBetween = depth === 1 && (token === ',' || token === ':');
    if (depth === 0 || (depth === 1 && token === ',')) {
      if (name !== null) members.set(name, value);
      [name, value] = [null, ''];
      if (depth === 0 && isClosing) return members;
    } else if (name === null && depth === 1) name = token;
    else if (!isBetween) value += token;
    if (isOpening) depth += 1;
  }
  return null;
}

function keyFrom(payload: string, columns: readonly string[]): string {
  const members = membersOf(payload);
  const cells = columns.map((column) => {
    const name = JSON.stringify(column);
    const value = members?.get(Buffer.from(name, 'utf8').toString('latin1'));
    return value === undefined ? null : `${name}: ${decoded(value)}`;
  });
  return cells.includes(null) ? ANY_KEY : `{${cells.join(', ')}}`;
}

/**
 * By what the events of a row keep their order: its primary key as JSON text, whatever key their messages have. '' where the table
 * has none; ANY_KEY of a truncation, and of an event of which it cannot be told.
 */
export function rowKeyOf(
  event: ChangeEvent,
  { primaryKey, keyIsPrimary }: Pick<TopicTable, 'primaryKey' | 'keyIsPrimary'>,
): string {
  if (primaryKey.length === 0) return '';
  if (event.operation === 'T') return ANY_KEY;
  if (keyIsPrimary) return event.key === null ? ANY_KEY : decoded(event.key);
  const payload = event.new ?? event.old;
  return payload === null ? ANY_KEY : keyFrom(payload, primaryKey);
}
