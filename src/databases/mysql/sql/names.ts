import type { TableName } from '../../../model/table-name.ts';

/** Pure makers of SQL text. Identifiers go through `quote`, texts through `literal`. */
export const quote = (identifier: string): string => `\`${identifier.replaceAll('`', '``')}\``;

const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "''",
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\u001a': '\\Z',
};

/** Needs an sql_mode without NO_BACKSLASH_ESCAPES, which every session pins. */
export const literal = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are what a literal cannot hold
  `'${text.replace(/[\\'\0\n\r\u001a]/g, (char) => ESCAPED[char] ?? char)}'`;

export const qualified = (table: TableName): string => `${quote(table.schema)}.${quote(table.name)}`;

export const list = (items: readonly string[]): string => items.join(', ');
