import type { Expression } from '../../model/expression.ts';
import type { LogicalKind, LogicalType } from '../../model/logical-type.ts';

/** How a target writes what a column has when nothing is given. */
export interface DefaultWords {
  readonly literal: (text: string) => string;
  /** A boolean of a column of kind boolean. */
  readonly boolean: { readonly true: string; readonly false: string };
  /** Kinds that take a number as digits. */
  readonly numbers: ReadonlySet<LogicalKind>;
  /** Kinds whose canonical text a literal may hold. */
  readonly texts: ReadonlySet<LogicalKind>;
  /** The moment of now for a column of the type; null: none that means the same. */
  readonly now: (type: LogicalType) => string | null;
}

const PLAIN_NUMBER = /^-?\d+(?:\.\d+)?$/;
const TRUE = /^(?:1|t|true)$/i;
const FALSE = /^(?:0|f|false)$/i;

function literalOf(text: string, type: LogicalType, words: DefaultWords): string | null {
  const { kind } = type;
  if (kind === 'boolean') {
    if (TRUE.test(text)) return words.boolean.true;
    return FALSE.test(text) ? words.boolean.false : null;
  }
  if (words.numbers.has(kind)) return PLAIN_NUMBER.test(text) ? text : null;
  return words.texts.has(kind) ? words.literal(text) : null;
}

/** A default in the words of the target: a literal, NULL, or the moment of now. Null: it says something else, or cannot. */
export function translateDefault(
  expression: Expression | undefined,
  type: LogicalType,
  words: DefaultWords,
): string | null {
  if (expression === undefined) return null;
  if (expression.kind === 'null') return 'NULL';
  if (expression.kind === 'boolean') {
    if (words.numbers.has(type.kind)) return expression.value ? '1' : '0';
    return type.kind === 'boolean' ? words.boolean[`${expression.value}`] : null;
  }
  if (expression.kind === 'number' || expression.kind === 'text')
    return literalOf(expression.text, type, words);
  if (expression.kind !== 'now') return null;
  const isDate = type.kind === 'date';
  return isDate === (expression.what === 'date') ? words.now(type) : null;
}
