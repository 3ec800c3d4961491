const SPECIAL = /[\\\t\n\r\b]/;
const ALL_SPECIAL = /[\\\t\n\r\b]/g;
const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
};
const LETTERS: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  b: '\b',
  v: '\v',
  f: '\f',
};

/** A cell as it stands in `text-rows`; vertical tab and form feed stay as they are. */
export const escapeCell = (text: string): string =>
  SPECIAL.test(text) ? text.replace(ALL_SPECIAL, (char) => ESCAPED[char] as string) : text;

/** The text of a cell, null for `\N`. Understands all of COPY's one-letter escapes. */
export function unescapeCell(cell: string): string | null {
  if (!cell.includes('\\')) return cell;
  if (cell === '\\N') return null;
  return cell.replace(/\\([\s\S])/g, (_, char: string) => LETTERS[char] ?? char);
}
