import { expressionTokens } from '../../../engine/structure/expression-tokens.ts';
import type { DefaultWords } from '../../../engine/structure/translate-default.ts';
import type { IndexRules } from '../../../engine/structure/wanted-indexes.ts';
import type { LogicalKind } from '../../../model/logical-type.ts';
import { literal, quote } from '../sql/names.ts';
import { parseType } from '../types/type-text.ts';
import { STYLE } from './expression-style.ts';

const NUMBERS: ReadonlySet<LogicalKind> = new Set(['int', 'decimal', 'float64', 'float32']);
const BOOLEAN = { true: '1', false: '0' } as const;

/**
 * What of other products' indexes and expressions Oracle can say. No dates: a text beside one is read by the settings of whoever
 * writes the row. No lengths: those of CLOB and CHAR are others.
 */
export const RULES: IndexRules = {
  product: 'oracle',
  style: STYLE,
  conditions: false,
  expressions: true,
  words: {
    quote,
    literal,
    boolean: BOOLEAN,
    calls: { lower: 'LOWER', upper: 'UPPER', abs: 'ABS', coalesce: 'COALESCE' },
    numbers: NUMBERS,
    texts: new Set<LogicalKind>(['text']),
  },
};

/** The empty text is NULL here: whatever is compared with it is neither true nor false, and means nothing any more. */
export const namesEmpty = (sql: string): boolean =>
  expressionTokens(sql, STYLE)?.some(({ kind, text }) => kind === 'text' && text === '') ?? true;

const DAY = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?$/;

/** Texts that a literal of the column's type can hold; null: none can. */
function literalFor(base: string): { readonly form: RegExp; readonly prefix: string } | null {
  if (/CHAR|CLOB/.test(base)) return { form: /[\s\S]/, prefix: '' };
  if (base === 'DATE') return { form: DAY, prefix: 'DATE ' };
  return base === 'TIMESTAMP' ? { form: MOMENT, prefix: 'TIMESTAMP ' } : null;
}

const TEXTS: readonly LogicalKind[] = ['text', 'enum', 'time', 'uuid', 'json', 'jsonb', 'bits'];
const MOMENTS: readonly LogicalKind[] = ['date', 'timestamp'];

/** How a column of the type says its default; null where a text of that form is none of its values. */
export function defaultsFor(targetType: string, text: string | null): DefaultWords {
  const { base } = parseType(targetType);
  const said = literalFor(base);
  // No column has the empty text by itself.
  const holds = said !== null && text !== null && text !== '' && said.form.test(text);
  return {
    literal: (value) => `${said?.prefix ?? ''}${literal(value)}`,
    boolean: BOOLEAN,
    numbers: /CLOB|CHAR/.test(base) ? new Set() : NUMBERS,
    texts: new Set(holds ? (said.prefix === '' ? TEXTS : MOMENTS) : []),
    now: ({ kind }) => {
      if (kind === 'date') return 'TRUNC(CURRENT_DATE)';
      if (kind === 'timestamp') return 'LOCALTIMESTAMP';
      return kind === 'timestamptz' ? 'CURRENT_TIMESTAMP' : null;
    },
  };
}
