export const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** Functions that mean the same in every database that has them; `char-length` counts characters. */
export const PORTABLE_CALLS = ['lower', 'upper', 'char-length', 'abs', 'coalesce'] as const;
export type PortableCall = (typeof PORTABLE_CALLS)[number];

/**
 * An expression of a check, a default or an index without the words of any database, so that another one can say it. Only
 * what means the same everywhere is here; the rest stays in the words of its database.
 */
export type Expression =
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** Plain decimal digits with sign and point. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** The moment at which the statement (or its transaction) runs. */
  | { readonly kind: 'now'; readonly what: 'timestamp' | 'date' }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'negative'; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: Comparison | '+' | '-' | '*' | 'and' | 'or';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'is-null'; readonly operand: Expression; readonly negated: boolean }
  | {
      readonly kind: 'in';
      readonly operand: Expression;
      readonly items: readonly Expression[];
      readonly negated: boolean;
    }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
    }
  | { readonly kind: 'call'; readonly name: PortableCall; readonly args: readonly Expression[] };

/** An expression as its database wrote it, and as another one could say it. */
export interface SqlExpression {
  readonly sql: string;
  /** Null: only its own database knows what it means. */
  readonly neutral: Expression | null;
}
