import { COMPARISONS, type Comparison, type Expression, type PortableCall } from '../../model/expression.ts';
import { type ExpressionToken, expressionTokens, type TokenStyle } from './expression-tokens.ts';

/** How a database writes expressions, as far as others can say the same. */
export interface ExpressionStyle extends TokenStyle {
  /** Its functions, in lower case, by what they mean. */
  readonly calls: Readonly<Record<string, PortableCall>>;
  /** Its names are compared without regard to case. */
  readonly foldsNames: boolean;
}

/** What is known of the columns that an expression may name. */
export interface KnownColumn {
  readonly name: string;
  /** A cast of it to a text changes nothing. */
  readonly isText: boolean;
}

const NOW: Readonly<Record<string, 'timestamp' | 'date'>> = {
  now: 'timestamp',
  current_timestamp: 'timestamp',
  localtimestamp: 'timestamp',
  transaction_timestamp: 'timestamp',
  current_date: 'date',
  curdate: 'date',
};
const TEXT_CAST = /^(?:text|character varying|varchar|character|bpchar)$/;
const NUMBER_CAST =
  /^(?:numeric|decimal|integer|bigint|smallint|double precision|real|int|tinyint|mediumint)$/;
const MOMENT_CAST = /^(?:date|timestamp(?: with(?:out)? time zone)?)$/;

/** Thrown inside and caught at the entrance: the expression has something that is not portable. */
const NOT_PORTABLE = Symbol('not portable');

class Parser {
  readonly #tokens: readonly ExpressionToken[];
  readonly #style: ExpressionStyle;
  readonly #columns: readonly KnownColumn[];
  #at = 0;

  constructor(tokens: readonly ExpressionToken[], style: ExpressionStyle, columns: readonly KnownColumn[]) {
    this.#tokens = tokens;
    this.#style = style;
    this.#columns = columns;
  }

  get #next(): ExpressionToken | undefined {
    return this.#tokens[this.#at];
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#tokens[this.#at + ahead];
    return token?.kind === 'word' && token.text.toLowerCase() === word;
  }

  #isSign(sign: string): boolean {
    return this.#next?.kind === 'sign' && this.#next.text === sign;
  }

  #take(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => this.#isWord(word, ahead))) return false;
    this.#at += words.length;
    return true;
  }

  #takeSign(sign: string): boolean {
    if (!this.#isSign(sign)) return false;
    this.#at += 1;
    return true;
  }

  #need(sign: string): void {
    if (!this.#takeSign(sign)) throw NOT_PORTABLE;
  }

  whole(): Expression {
    const found = this.#or();
    if (this.#next !== undefined) throw NOT_PORTABLE;
    return found;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#take('or')) left = { kind: 'binary', operator: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#take('and')) left = { kind: 'binary', operator: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    return this.#take('not') ? { kind: 'not', operand: this.#not() } : this.#comparison();
  }

  #comparison(): Expression {
    const left = this.#sum();
    if (this.#take('is', 'not', 'null')) return { kind: 'is-null', operand: left, negated: true };
    if (this.#take('is', 'null')) return { kind: 'is-null', operand: left, negated: false };
    const negated = this.#take('not');
    if (this.#take('in')) return { kind: 'in', operand: left, items: this.#list('(', ')'), negated };
    if (this.#take('between')) {
      const low = this.#sum();
      if (!this.#take('and')) throw NOT_PORTABLE;
      return { kind: 'between', operand: left, low, high: this.#sum(), negated };
    }
    if (negated) throw NOT_PORTABLE;
    const operator = this.#comparator();
    if (operator === null) return left;
    if (operator === '=' && this.#take('any'))
      return { kind: 'in', operand: left, items: this.#array(), negated: false };
    if (operator === '<>' && this.#take('all'))
      return { kind: 'in', operand: left, items: this.#array(), negated: true };
    return { kind: 'binary', operator, left, right: this.#sum() };
  }

  #comparator(): Comparison | null {
    const text = this.#next?.kind === 'sign' ? this.#next.text : '';
    const sign = text === '!=' ? '<>' : text === '==' ? '=' : text;
    if (!COMPARISONS.some((each) => each === sign)) return null;
    this.#at += 1;
    return sign as Comparison;
  }

  #list(open: string, close: string): Expression[] {
    this.#need(open);
    const items = [this.#or()];
    while (this.#takeSign(',')) items.push(this.#or());
    this.#need(close);
    return items;
  }

  /** PostgreSQL's way to write IN: `((ARRAY['a'::text, 'b'::text])::text[])`. */
  #array(): Expression[] {
    let depth = 0;
    while (this.#takeSign('(')) depth += 1;
    if (!this.#take('array')) throw NOT_PORTABLE;
    const items = this.#list('[', ']');
    for (; depth > 0; depth -= 1) {
      if (this.#takeSign('::')) this.#arrayType();
      this.#need(')');
    }
    return items;
  }

  #arrayType(): void {
    if (!TEXT_CAST.test(this.#typeName())) throw NOT_PORTABLE;
    this.#need('[');
    this.#need(']');
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = this.#isSign('+') ? '+' : this.#isSign('-') ? '-' : null;
      if (operator === null) return left;
      this.#at += 1;
      left = { kind: 'binary', operator, left, right: this.#product() };
    }
  }

  #product(): Expression {
    let left = this.#unary();
    while (this.#takeSign('*')) left = { kind: 'binary', operator: '*', left, right: this.#unary() };
    return left;
  }

  #unary(): Expression {
    if (this.#takeSign('+')) return this.#unary();
    if (!this.#takeSign('-')) return this.#casted();
    const operand = this.#unary();
    return operand.kind === 'number' && !operand.text.startsWith('-')
      ? { kind: 'number', text: `-${operand.text}` }
      : { kind: 'negative', operand };
  }

  #casted(): Expression {
    let found = this.#primary();
    while (this.#takeSign('::')) found = this.#cast(found, this.#typeName());
    return found;
  }

  /** A type of somebody's own, as `shop."Mood"`. */
  #ownType(): string | null {
    const parts: string[] = [];
    const isQuoted = (ahead: number): boolean => this.#tokens[this.#at + ahead]?.kind === 'name';
    const isDotted = this.#tokens[this.#at + 1]?.text === '.';
    if (!isQuoted(0) && !isDotted) return null;
    do {
      parts.push(this.#next?.text ?? '');
      this.#at += 1;
    } while (this.#takeSign('.'));
    return `own ${parts.join('.')}`;
  }

  #typeName(): string {
    const own = this.#ownType();
    if (own !== null) return own;
    const words: string[] = [];
    while (this.#next?.kind === 'word' && (words.length === 0 || this.#continuesType(words))) {
      words.push(this.#next.text.toLowerCase());
      this.#at += 1;
    }
    // A length would cut.
    if (words.length === 0 || this.#isSign('(')) throw NOT_PORTABLE;
    return words.join(' ');
  }

  #continuesType(words: readonly string[]): boolean {
    const next = this.#next?.text.toLowerCase() ?? '';
    const first = words[0] ?? '';
    if (first === 'character') return next === 'varying';
    if (first === 'double') return next === 'precision';
    return /^times?/.test(first) && ['with', 'without', 'time', 'zone'].includes(next);
  }

  #cast(of: Expression, type: string): Expression {
    const isLiteral = of.kind === 'text' || of.kind === 'number' || of.kind === 'null';
    if (of.kind === 'null') return of;
    if (TEXT_CAST.test(type)) {
      if (of.kind === 'text') return of;
      const isText = of.kind === 'column' && this.#columns.find(({ name }) => name === of.name)?.isText;
      if (isText === true || (of.kind === 'call' && (of.name === 'lower' || of.name === 'upper'))) return of;
    }
    if (NUMBER_CAST.test(type) && isLiteral && /^-?\d+(?:\.\d+)?$/.test(of.text))
      return { kind: 'number', text: of.text };
    if ((type === 'numeric' || type === 'bigint') && of.kind === 'column') return of;
    if (MOMENT_CAST.test(type) && of.kind === 'text') return of;
    if (of.kind === 'now' && (type === of.what || type === 'date')) return { kind: 'now', what: type };
    // The text form of a value of another type: what reads it decides whether it takes one.
    if (of.kind === 'text' && (type.startsWith('own ') || /^(?:jsonb?|uuid|xml|interval|time.*)$/.test(type)))
      return of;
    if (type === 'boolean' && of.kind === 'text' && /^(?:t|f|true|false)$/.test(of.text))
      return { kind: 'boolean', value: of.text.startsWith('t') };
    throw NOT_PORTABLE;
  }

  #primary(): Expression {
    const token = this.#next;
    if (token === undefined) throw NOT_PORTABLE;
    if (this.#takeSign('(')) {
      const inside = this.#or();
      this.#need(')');
      return inside;
    }
    this.#at += 1;
    if (token.kind === 'number') {
      if (/[eE]/.test(token.text)) throw NOT_PORTABLE;
      return { kind: 'number', text: token.text };
    }
    if (token.kind === 'text') return { kind: 'text', text: token.text };
    if (token.kind === 'name') return this.#column(token.text);
    if (token.kind === 'word') return this.#word(token.text);
    throw NOT_PORTABLE;
  }

  #word(text: string): Expression {
    const word = text.toLowerCase();
    if (word === 'null') return { kind: 'null' };
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' };
    const isCall = this.#isSign('(');
    // MySQL names the character set of a text before it.
    if (/^_utf8(?:mb[34])?$/.test(word) && this.#next?.kind === 'text') return this.#primary();
    const now = NOW[word];
    if (now !== undefined && (isCall || !this.#isColumn(text))) return this.#now(now);
    if (!isCall) return this.#column(text);
    const name = this.#style.calls[word];
    if (name === undefined) throw NOT_PORTABLE;
    return { kind: 'call', name, args: this.#list('(', ')') };
  }

  #now(what: 'timestamp' | 'date'): Expression {
    if (this.#takeSign('(')) {
      if (this.#next?.kind === 'number') this.#at += 1;
      this.#need(')');
    }
    return { kind: 'now', what };
  }

  #find(text: string): KnownColumn | undefined {
    const same = (name: string): boolean =>
      name === text || (this.#style.foldsNames && name.toLowerCase() === text.toLowerCase());
    return this.#columns.find(({ name }) => same(name));
  }

  #isColumn(text: string): boolean {
    return this.#find(text) !== undefined;
  }

  #column(text: string): Expression {
    const found = this.#find(text);
    if (!found) throw NOT_PORTABLE;
    return { kind: 'column', name: found.name };
  }
}

/**
 * What an expression of a database means, if that can be said without its words. Null: it cannot, and nothing is guessed.
 * @param columns  of its table; a name that is none of them is not understood
 */
export function parseExpression(
  sql: string,
  style: ExpressionStyle,
  columns: readonly KnownColumn[],
): Expression | null {
  const tokens = expressionTokens(sql, style);
  if (tokens === null) return null;
  try {
    return new Parser(tokens, style, columns).whole();
  } catch (error) {
    if (error === NOT_PORTABLE) return null;
    throw error;
  }
}
