import { expressionTokens, type TokenStyle } from './expression-tokens.ts';

/**
 * Words of a source's catalog stand in statements at the target: only those are taken that end where they began. Brackets in
 * balance and never below the start, quotes closed, no comment, no semicolon, no comma outside of brackets, no dollar quote.
 */
export function isClosedSql(sql: string, style: TokenStyle): boolean {
  const tokens = expressionTokens(sql, style);
  if (tokens === null || tokens.length === 0) return false;
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    // An escape string could end elsewhere than it seems.
    if (
      token.kind === 'text' &&
      !style.backslashes &&
      /^e$/i.test(tokens[at - 1]?.text ?? '') &&
      sql.includes('\\')
    )
      return false;
    if (token.kind !== 'sign') continue;
    if (token.text === ';' || token.text === '\\') return false;
    if (token.text === '(' || token.text === '[') depth += 1;
    if (token.text === ')' || token.text === ']') depth -= 1;
    if (depth < 0 || (depth === 0 && token.text === ',')) return false;
  }
  return depth === 0;
}
