import type { DefaultWords } from '../../../engine/structure/translate-default.ts';
import type { IndexRules } from '../../../engine/structure/wanted-indexes.ts';
import type { LogicalKind } from '../../../model/logical-type.ts';
import { literal, quote } from '../sql.ts';
import { STYLE } from './expression-style.ts';

/** A decimal is kept as its text here: compared with digits it would be compared as a text. */
const NUMBERS: ReadonlySet<LogicalKind> = new Set(['int', 'float64', 'float32']);
const BOOLEAN = { true: '1', false: '0' } as const;

/** What of other products' indexes and expressions SQLite can say. Its LOWER and UPPER know the letters of ASCII only. */
export const RULES: IndexRules = {
  product: 'sqlite',
  style: STYLE,
  conditions: true,
  expressions: true,
  words: {
    quote,
    literal,
    boolean: BOOLEAN,
    calls: { 'char-length': 'length', abs: 'abs', coalesce: 'coalesce' },
    numbers: NUMBERS,
    texts: new Set<LogicalKind>(['text', 'date']),
  },
};

/** `now` as the canonical text of the kind, in UTC. */
const NOW: Partial<Record<LogicalKind, string>> = {
  date: 'CURRENT_DATE',
  timestamp: 'CURRENT_TIMESTAMP',
  timestamptz: "(strftime('%Y-%m-%d %H:%M:%S+00', 'now'))",
};

export const DEFAULTS: DefaultWords = {
  // A decimal stays a text with the very digits of the literal.
  literal,
  boolean: BOOLEAN,
  numbers: NUMBERS,
  texts: new Set<LogicalKind>([
    'text',
    'decimal',
    'enum',
    'date',
    'time',
    'timestamp',
    'uuid',
    'json',
    'jsonb',
    'xml',
  ]),
  now: ({ kind }) => NOW[kind] ?? null,
};
