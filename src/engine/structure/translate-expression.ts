import type { Expression, PortableCall } from '../../model/expression.ts';
import type { LogicalKind } from '../../model/logical-type.ts';

/** How a target says what an expression means. */
export interface TargetWords {
  readonly quote: (name: string) => string;
  readonly literal: (text: string) => string;
  readonly boolean: { readonly true: string; readonly false: string };
  /** What it has not it cannot say. */
  readonly calls: Readonly<Partial<Record<PortableCall, string>>>;
  /** Kinds of columns that it compares as numbers: with digits, and with each other. */
  readonly numbers: ReadonlySet<LogicalKind>;
  /** Kinds of columns that it compares with a text as with a value of their own. */
  readonly texts: ReadonlySet<LogicalKind>;
}

export interface TranslatedColumn {
  readonly target: string;
  readonly kind: LogicalKind;
  /** The source compares its texts byte by byte: the target does. */
  readonly binary: boolean;
}

export type ColumnsByName = ReadonlyMap<string, TranslatedColumn>;

type Sort = 'number' | 'text' | 'boolean' | 'null';
interface Said {
  readonly sql: string;
  readonly sort: Sort;
  readonly literal: boolean;
  /** A text: whether it is compared byte by byte. */
  readonly binary: boolean;
  /** Kind of the column, where it is one. */
  readonly kind: LogicalKind | null;
}

const NOT_SAID = Symbol('not said');

/** Literals that every product reads alike: `01-02-03` is a day of 2001 to one and of 2003 to another. */
const DATE = /^'\d{4}-\d\d-\d\d'$/;
const MOMENT = /^'\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,6})?)?'$/;

function sortOf(kind: LogicalKind, words: TargetWords): Sort {
  if (kind === 'boolean') return 'boolean';
  if (words.numbers.has(kind)) return 'number';
  if (words.texts.has(kind)) return 'text';
  throw NOT_SAID;
}

const said = (sql: string, sort: Sort, literal = false): Said => ({
  sql,
  sort,
  literal,
  binary: true,
  kind: null,
});

class Translator {
  readonly #words: TargetWords;
  readonly #columns: ColumnsByName;

  constructor(words: TargetWords, columns: ColumnsByName) {
    this.#words = words;
    this.#columns = columns;
  }

  // oxlint-disable-next-line consistent-return -- the switch is exhaustive
  say(of: Expression): Said {
    switch (of.kind) {
      case 'column':
        return this.#column(of.name);
      case 'null':
        return said('NULL', 'null', true);
      case 'boolean':
        return said(this.#words.boolean[`${of.value}`], 'boolean', true);
      case 'number':
        return said(of.text, 'number', true);
      case 'text':
        // No statement of PostgreSQL or SQLite goes on behind a zero byte.
        if (of.text.includes('\0')) throw NOT_SAID;
        return said(this.#words.literal(of.text), 'text', true);
      case 'not':
        return said(`(NOT ${this.#truth(of.operand)})`, 'boolean');
      case 'negative':
        return said(`(- ${this.#number(of.operand)})`, 'number');
      case 'is-null': {
        const operand =
          of.operand.kind === 'column' ? this.#anyColumn(of.operand.name) : this.say(of.operand).sql;
        return said(`(${operand} IS ${of.negated ? 'NOT ' : ''}NULL)`, 'boolean');
      }
      case 'binary':
        return this.#binary(of);
      case 'in':
        return this.#in(of);
      case 'between':
        return this.#between(of);
      case 'call':
        return this.#call(of);
      case 'now': // what is true of a row now is no property of the row
        throw NOT_SAID;
    }
  }

  #found(name: string): TranslatedColumn {
    const found = this.#columns.get(name);
    if (!found) throw NOT_SAID;
    return found;
  }

  /** Whether it is NULL can be said of a column of any kind. */
  #anyColumn(name: string): string {
    return this.#words.quote(this.#found(name).target);
  }

  #column(name: string): Said {
    const { target, kind, binary } = this.#found(name);
    return { sql: this.#words.quote(target), sort: sortOf(kind, this.#words), literal: false, binary, kind };
  }

  #truth(of: Expression): string {
    const { sql, sort } = this.say(of);
    if (sort !== 'boolean') throw NOT_SAID;
    return sql;
  }

  #number(of: Expression): string {
    const { sql, sort } = this.say(of);
    if (sort !== 'number') throw NOT_SAID;
    return sql;
  }

  #binary(of: Extract<Expression, { kind: 'binary' }>): Said {
    const { operator } = of;
    if (operator === 'and' || operator === 'or')
      return said(`(${this.#truth(of.left)} ${operator.toUpperCase()} ${this.#truth(of.right)})`, 'boolean');
    if (operator === '+' || operator === '-' || operator === '*')
      return said(`(${this.#number(of.left)} ${operator} ${this.#number(of.right)})`, 'number');
    const [left, right] = this.#comparable(this.say(of.left), this.say(of.right), operator);
    return said(`(${left.sql} ${operator} ${right.sql})`, 'boolean');
  }

  /** Two sides that this target compares as the source did. */
  #comparable(left: Said, right: Said, operator: string): readonly [Said, Said] {
    const asBoolean = (side: Said, other: Said): Said =>
      other.sort === 'boolean' && side.sort === 'number' && side.literal && /^[01]$/.test(side.sql)
        ? said(this.#words.boolean[side.sql === '1' ? 'true' : 'false'], 'boolean', true)
        : side;
    const sides = [asBoolean(left, right), asBoolean(right, left)] as const;
    if (sides[0].sort !== sides[1].sort) throw NOT_SAID;
    if (sides[0].sort === 'text') this.#sameTexts(sides, operator);
    return sides;
  }

  #sameTexts(sides: readonly [Said, Said], operator: string): void {
    const isMoment = (side: Said): boolean => side.kind === 'date' || side.kind === 'timestamp';
    // Moments have one order; which of two texts comes first, and which are the same, is a matter of collations.
    if (sides.some(isMoment)) {
      const form = sides.some(({ kind }) => kind === 'date') ? DATE : MOMENT;
      if (sides.every((side) => isMoment(side) || (side.literal && form.test(side.sql)))) return;
      throw NOT_SAID;
    }
    if (operator !== '=' && operator !== '<>') throw NOT_SAID;
    if (!sides.every(({ binary }) => binary)) throw NOT_SAID;
  }

  #in(of: Extract<Expression, { kind: 'in' }>): Said {
    const operand = this.say(of.operand);
    const items = of.items.map((item) => this.#comparable(operand, this.say(item), '=')[1].sql);
    return said(`(${operand.sql} ${of.negated ? 'NOT ' : ''}IN (${items.join(', ')}))`, 'boolean');
  }

  #between(of: Extract<Expression, { kind: 'between' }>): Said {
    const operand = this.say(of.operand);
    const [low, high] = [of.low, of.high].map(
      (edge) => this.#comparable(operand, this.say(edge), '<')[1].sql,
    );
    return said(`(${operand.sql} ${of.negated ? 'NOT ' : ''}BETWEEN ${low} AND ${high})`, 'boolean');
  }

  #call(of: Extract<Expression, { kind: 'call' }>): Said {
    const name = this.#words.calls[of.name];
    if (name === undefined) throw NOT_SAID;
    const args = of.args.map((arg) => this.say(arg));
    const [first] = args;
    if (!first || args.some(({ sort }) => sort !== first.sort)) throw NOT_SAID;
    const wanted: Readonly<Record<PortableCall, Sort | null>> = {
      lower: 'text',
      upper: 'text',
      'char-length': 'text',
      abs: 'number',
      coalesce: null,
    };
    if (wanted[of.name] !== null && first.sort !== wanted[of.name]) throw NOT_SAID;
    const sort = of.name === 'char-length' ? 'number' : first.sort;
    const sql = `${name}(${args.map((arg) => arg.sql).join(', ')})`;
    return { ...said(sql, sort), binary: args.every(({ binary }) => binary) };
  }
}

/** The expression in the words of a target; null where that one would mean something else by them, or has none. */
export function translateExpression(
  expression: Expression | null,
  words: TargetWords,
  columns: ColumnsByName,
): string | null {
  if (expression === null) return null;
  try {
    return new Translator(words, columns).say(expression).sql;
  } catch (error) {
    if (error === NOT_SAID) return null;
    throw error;
  }
}

/** The same as `translateExpression`, of an expression that must be true or false. */
export function translateCondition(
  expression: Expression | null,
  words: TargetWords,
  columns: ColumnsByName,
): string | null {
  if (expression === null) return null;
  try {
    const { sql, sort } = new Translator(words, columns).say(expression);
    return sort === 'boolean' ? sql : null;
  } catch (error) {
    if (error === NOT_SAID) return null;
    throw error;
  }
}
