import type { LogicalType } from '../../../model/logical-type.ts';
import { literal } from '../sql.ts';
import { unquoted } from './create-table-text.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const STRING = /^'(?:[^']|'')*'$/;
/** PostgreSQL writes the type behind a literal: `'new'::character varying`. */
const CAST = /::[\w\s."]+(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])*$/;
const KEYWORDS: Readonly<Record<string, string>> = {
  null: 'NULL',
  true: '1',
  false: '0',
  current_date: 'CURRENT_DATE',
};

/**
 * A default of another database as SQLite would write it; null where it has no literal for it, and the default is left
 * out. Between SQLite and SQLite the expression is the same.
 */
export function translateDefault(expression: string, logical: LogicalType): string | null {
  if (logical.kind === 'any') {
    // SQLite still reads "x" as a text in defaults that were written so long ago; the library here does not.
    return expression.startsWith('"') ? literal(unquoted(expression)) : `(${expression})`;
  }
  const text = expression.trim().replace(CAST, '').trim();
  const keyword = KEYWORDS[text.toLowerCase()];
  if (keyword !== undefined) return keyword;
  if (NUMBER.test(text)) return logical.kind === 'decimal' ? `'${text}'` : text;
  if (!STRING.test(text)) return null;
  // Canonical texts of these kinds need more than the literal says.
  return ['bytes', 'boolean', 'timestamptz', 'interval', 'int'].includes(logical.kind) ? null : text;
}
