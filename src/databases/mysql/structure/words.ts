import type { DefaultWords } from '../../../engine/structure/translate-default.ts';
import type { IndexRules } from '../../../engine/structure/wanted-indexes.ts';
import type { LogicalKind } from '../../../model/logical-type.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { ServerFacts } from '../connections/pins.ts';
import { literal, quote } from '../sql/names.ts';
import { parseType } from '../types/type-text.ts';
import { STYLE } from './expression-style.ts';

const NUMBERS: ReadonlySet<LogicalKind> = new Set(['int', 'decimal', 'float64', 'float32']);
const BOOLEAN = { true: '1', false: '0' } as const;

/** InnoDB's limit of a key; a character of utf8mb4 counts as four. */
export const KEY_BYTES = 3_072;
/** As much of a text as tells most of them apart. */
const PREFIX_CHARS = 191;

/** How much of a column stands in an index that only finds: texts without a length, and those that are too long for a key. */
function prefixOf(plan: TablePlan, column: string, parts: number): number | null {
  const type = plan.columns.find(({ target }) => target === column)?.targetType;
  if (type === undefined) return null;
  const { base, args } = parseType(type);
  const most = Math.min(PREFIX_CHARS, Math.floor(KEY_BYTES / 4 / parts));
  if (base.endsWith('text') || base.endsWith('blob')) return most;
  const bytes = base === 'varchar' ? (args[0] ?? 0) * 4 : base === 'varbinary' ? (args[0] ?? 0) : 0;
  return bytes * parts > KEY_BYTES ? most : null;
}

/** What of other products' indexes and expressions the server can say. */
export const rulesOf = (plan: TablePlan, facts: ServerFacts): IndexRules => ({
  product: 'mysql',
  style: STYLE,
  conditions: false,
  expressions: facts.flavour === 'mysql',
  prefix: (column, index) => prefixOf(plan, column, index.parts.length),
  words: {
    quote,
    literal,
    boolean: BOOLEAN,
    calls: { lower: 'lower', upper: 'upper', 'char-length': 'char_length', abs: 'abs', coalesce: 'coalesce' },
    numbers: NUMBERS,
    texts: new Set<LogicalKind>(['text', 'date', 'timestamp']),
  },
});

export const defaultsFor = (targetType: string): DefaultWords => {
  const { base, args } = parseType(targetType);
  const isTimed = base === 'datetime' || base === 'timestamp';
  const isLong = base.endsWith('text');
  return {
    // A text without a length takes a default as an expression only.
    literal: (text) => (isLong ? `(${literal(text)})` : literal(text)),
    boolean: BOOLEAN,
    numbers: NUMBERS,
    texts: new Set<LogicalKind>(
      /^(?:char|varchar|.*text|enum|date|datetime|time|uuid)$/.test(base)
        ? ['text', 'enum', 'date', 'timestamp', 'time', 'uuid']
        : [],
    ),
    now: ({ kind }) => {
      if (kind === 'date') return '(CURRENT_DATE)';
      return isTimed ? `CURRENT_TIMESTAMP${args[0] ? `(${args[0]})` : ''}` : null;
    },
  };
};
