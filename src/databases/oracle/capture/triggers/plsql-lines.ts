export const indented = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => line.split('\n')).map((line) => `  ${line}`);

/** A user's SQL keeps its line ends: blanks before a line would stand in its texts. */
const KEPT = '\u0000';
export const keep = (sql: string): string => sql.replaceAll('\n', KEPT);

/** Lines as a text, with the line ends that were kept. */
export const joinLines = (lines: readonly string[]): string => lines.join('\n').replaceAll(KEPT, '\n');

export const when = (
  test: string,
  then: readonly string[],
  otherwise: readonly string[] = [],
): readonly string[] => [
  `IF ${test} THEN`,
  ...indented(then),
  ...(otherwise.length === 0 ? [] : ['ELSE', ...indented(otherwise)]),
  'END IF;',
];

/** Nothing of a user's SQL fails the application's statement: what cannot be told is rather recorded than not. */
export const guarded = (work: readonly string[], failing: string): readonly string[] => [
  'BEGIN',
  ...indented(work),
  'EXCEPTION',
  '  WHEN OTHERS THEN',
  `    ${failing}`,
  'END;',
];
