const PLAIN: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0', Z: '\u001a' };

/** MySQL's catalog shows expressions as they would stand in a literal: `_utf8mb4\'x\'`. */
const unescaped = (text: string): string => text.replace(/\\(.)/gs, (_, char: string) => PLAIN[char] ?? char);

type Row = Readonly<Record<string, string | null>>;

const EXPRESSIONS = ['generated', 'clause', 'expression'] as const;

/** Rows of MySQL's catalog with expressions as SQL; a default is one only where the server says so. */
export const withPlainExpressions = (row: Row): Row => {
  const isExpression = (row['extra'] ?? '').includes('DEFAULT_GENERATED');
  const names = [...EXPRESSIONS, ...(isExpression ? ['default'] : [])];
  const changed = names.flatMap((name): [string, string][] => {
    const text = row[name];
    return typeof text === 'string' ? [[name, unescaped(text)]] : [];
  });
  return { ...row, ...Object.fromEntries(changed) };
};
