/** A cell of a Markdown table: one line, without a bar of its own. */
export const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A Markdown table. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** The line on top of every page that a script writes. */
export const generatedFrom = (source: string): string =>
  `<!-- Written by npm run docs from ${source}; a test compares. Change it there. -->`;
