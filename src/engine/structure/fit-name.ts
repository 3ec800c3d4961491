import { createHash } from 'node:crypto';

/** How long a name may be at a target; a limit that is not there is absent. */
export interface NameLimit {
  readonly bytes?: number;
  readonly chars?: number;
}

const MARK_CHARS = 8;
const encoder = new TextEncoder();

const fits = (name: string, { bytes = Infinity, chars = Infinity }: NameLimit): boolean =>
  Array.from(name).length <= chars && encoder.encode(name).length <= bytes;

const markOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, MARK_CHARS);

/** The name with a mark of what it names behind it, cut so that both fit: always the same for the same. */
export function markedName(name: string, of: string, limit: NameLimit): string {
  const mark = `_${markOf(`${of}\n${name}`)}`;
  const letters = Array.from(name);
  while (letters.length > 0 && !fits(letters.join('') + mark, limit)) letters.pop();
  return letters.join('') + mark;
}

/** The name itself, or one that fits and is as unlikely to be another's. @param of  what it belongs to, besides its name */
export const fitName = (name: string, of: string, limit: NameLimit): string =>
  fits(name, limit) ? name : markedName(name, of, limit);
