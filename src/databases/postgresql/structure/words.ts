import type { DefaultWords } from '../../../engine/structure/translate-default.ts';
import type { IndexRules } from '../../../engine/structure/wanted-indexes.ts';
import type { LogicalKind } from '../../../model/logical-type.ts';
import { literal, quote } from '../sql.ts';
import { STYLE } from './found-table.ts';

const NUMBERS: ReadonlySet<LogicalKind> = new Set(['int', 'decimal', 'float64', 'float32']);
const BOOLEAN = { true: 'TRUE', false: 'FALSE' } as const;

/** What of other products' expressions PostgreSQL can say. */
export const RULES: IndexRules = {
  product: 'postgresql',
  style: STYLE,
  conditions: true,
  expressions: true,
  words: {
    quote,
    literal,
    boolean: BOOLEAN,
    calls: { lower: 'lower', upper: 'upper', 'char-length': 'char_length', abs: 'abs', coalesce: 'coalesce' },
    numbers: NUMBERS,
    texts: new Set<LogicalKind>(['text', 'date', 'timestamp']),
  },
};

export const DEFAULTS: DefaultWords = {
  literal,
  boolean: BOOLEAN,
  numbers: NUMBERS,
  texts: new Set<LogicalKind>(['text', 'enum', 'date', 'time', 'timestamp', 'uuid', 'json', 'jsonb']),
  now: ({ kind }) =>
    kind === 'date'
      ? 'CURRENT_DATE'
      : kind === 'timestamp' || kind === 'timestamptz'
        ? 'CURRENT_TIMESTAMP'
        : null,
};
