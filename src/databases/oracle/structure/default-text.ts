import type { ColumnPlan } from '../../../model/table-plan.ts';
import { literal } from '../sql/names.ts';
import { parseType } from '../types/type-text.ts';

/** Moments of now, as the products write them. */
const NOW =
  /^\(?(?:now|current_timestamp|transaction_timestamp|localtimestamp|systimestamp|sysdate)(?:\(\d?\))?\)?$/i;

/** `'text'`, or `'text'::type` of PostgreSQL. */
const TEXT = /^\(?'((?:[^'\\]|'')*)'(?:::[\w ."[\](),]+)?\)?$/;
const NUMBER = /^\(?'?(-?\d+(?:\.\d+)?)'?(?:::[\w ]+)?\)?$/;

/**
 * A default of a source as this product takes it: numbers, texts, true, false and the moment of now. Null: it is an expression,
 * which a person must translate, or says nothing.
 */
export function translateDefault(text: string, column: ColumnPlan): string | null {
  const { base } = parseType(column.targetType);
  const trimmed = text.trim();
  const isNumber = ['NUMBER', 'FLOAT', 'BINARY_DOUBLE', 'BINARY_FLOAT'].includes(base);
  if (column.logical.kind === 'boolean' && /^(true|false|'[tf]'.*)$/i.test(trimmed))
    return /^'?t/i.test(trimmed) ? '1' : '0';
  const number = NUMBER.exec(trimmed)?.[1];
  if (isNumber && number !== undefined) return number;
  if (NOW.test(trimmed) && (base === 'DATE' || base.startsWith('TIMESTAMP')))
    return base === 'DATE' ? 'SYSDATE' : 'SYSTIMESTAMP';
  const words = TEXT.exec(trimmed)?.[1]?.replaceAll("''", "'");
  return words && /CHAR|CLOB/.test(base) ? literal(words) : null;
}
