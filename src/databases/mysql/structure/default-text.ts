import type { ColumnPlan } from '../../../model/table-plan.ts';
import { literal } from '../sql/names.ts';
import { INT_BITS, parseType } from '../types/type-text.ts';

/** Moments of now, as the products write them. */
const NOW = /^(?:\(?(?:now|current_timestamp|transaction_timestamp|localtimestamp)(?:\(\d?\))?\)?)$/i;

/** `'text'`, or `'text'::type` of PostgreSQL. */
const TEXT = /^\(?'((?:[^'\\]|'')*)'(?:::[\w ."[\](),]+)?\)?$/;
const NUMBER = /^\(?'?(-?\d+(?:\.\d+)?)'?(?:::[\w ]+)?\)?$/;

/**
 * A default of a source as this product takes it: numbers, texts, true, false, NULL and the moment of now. Null: it is an
 * expression, which a person must translate.
 */
export function translateDefault(text: string, column: ColumnPlan): string | null {
  const { base, args } = parseType(column.targetType);
  const trimmed = text.trim();
  if (/^null(?:::[\w ]+)?$/i.test(trimmed)) return 'NULL';
  const isNumber = INT_BITS[base] !== undefined || ['decimal', 'double', 'float', 'year'].includes(base);
  if (column.logical.kind === 'boolean' && /^(true|false|'[tf]'.*)$/i.test(trimmed))
    return /^'?t/i.test(trimmed) ? '1' : '0';
  const number = NUMBER.exec(trimmed)?.[1];
  if (isNumber && number !== undefined) return number;
  if (NOW.test(trimmed) && (base === 'datetime' || base === 'timestamp'))
    return args[0] ? `CURRENT_TIMESTAMP(${args[0]})` : 'CURRENT_TIMESTAMP';
  const words = TEXT.exec(trimmed)?.[1];
  if (words !== undefined && ['char', 'varchar', 'enum', 'date'].includes(base))
    return literal(words.replaceAll("''", "'"));
  return null;
}
