/** How a database writes names and texts. */
export interface TokenStyle {
  /** Quotes of names: `"`, and for some `` ` `` and `[`. */
  readonly quotes: readonly string[];
  /** A backslash in a text stands before a letter that means something else. */
  readonly backslashes: boolean;
}

export interface ExpressionToken {
  readonly kind: 'name' | 'word' | 'text' | 'number' | 'sign';
  /** A name without its quotes, a text without its own; a word as it was written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SIGN = /^(?:::|<>|!=|<=|>=|==|\|\||[^\s\w])/;
const NUMBER = /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_$])/u;
const WORD = /^[\p{L}_][\p{L}\p{N}_$]*/u;

const MEANT: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', 0: '\0', Z: '\u001a' };

/** The text in quotes that begins at `at`; null where it has no end, or an escape of which nobody knows what it means. */
function quoted(sql: string, at: number, backslashes: boolean): { text: string; end: number } | null {
  const close = sql[at] === '[' ? ']' : sql[at];
  let text = '';
  for (let end = at + 1; end < sql.length; end += 1) {
    const letter = sql[end] ?? '';
    if (backslashes && letter === '\\') {
      end += 1;
      const next = sql[end] ?? '';
      if (next === '%' || next === '_') return null;
      text += MEANT[next] ?? next;
    } else if (letter !== close) text += letter;
    else if (sql[end + 1] === close && close !== ']') {
      text += letter;
      end += 1;
    } else return { text, end: end + 1 };
  }
  return null;
}

const isQuote = (letter: string, style: TokenStyle): boolean =>
  letter === "'" || style.quotes.includes(letter);

/** Null: there is something in it that is not understood, a comment for one. */
export function expressionTokens(sql: string, style: TokenStyle): readonly ExpressionToken[] | null {
  const found: ExpressionToken[] = [];
  for (let at = 0; at < sql.length; ) {
    const rest = sql.slice(at);
    const blank = /^\s+/.exec(rest)?.[0];
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    if (/^(?:--|\/\*|\$|#)/.test(rest)) return null;
    const letter = rest[0] ?? '';
    if (isQuote(letter, style)) {
      const inside = quoted(sql, at, style.backslashes && letter === "'");
      if (inside === null) return null;
      const kind = letter === "'" ? 'text' : 'name';
      found.push({ kind, text: inside.text, start: at, end: inside.end });
      at = inside.end;
      continue;
    }
    const number = NUMBER.exec(rest)?.[0];
    const word = WORD.exec(rest)?.[0];
    const text = number ?? word ?? SIGN.exec(rest)?.[0];
    if (text === undefined) return null;
    const kind = number === undefined ? (word === undefined ? 'sign' : 'word') : 'number';
    found.push({ kind, text, start: at, end: at + text.length });
    at += text.length;
  }
  return found;
}
