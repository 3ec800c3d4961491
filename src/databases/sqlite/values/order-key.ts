import type BetterSqlite from 'better-sqlite3';
import type { LogicalKind } from '../../../model/logical-type.ts';
import type { ThreadColumn } from './canonical-text.ts';
import type { StoredValue } from './stored-value.ts';

/** SQL name of the function. */
export const ORDER_FUNCTION = 'sluice_order';

const complement = (digits: string): string => digits.replace(/\d/g, (digit) => String(9 - Number(digit)));

/** `b…` negative, `n…` from zero on; the number of digits before the point goes ahead of them. */
function decimalKey(text: string): string {
  if (text === '-Infinity') return 'a';
  if (text === 'Infinity') return 'y';
  if (text === 'NaN') return 'z';
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const significant = whole.replace(/^0+/, '');
  const digits = `${String(significant.length).padStart(6, '0')}${significant}${fraction.replace(/0+$/, '')}`;
  return negative && /[1-9]/.test(digits) ? `b${complement(digits)}~` : `n${digits}`;
}

/** Years of more than four digits, and years before 1. */
function temporalKey(text: string): string {
  if (text === '-infinity') return 'a';
  if (text === 'infinity') return 'z';
  const [year = '', ...rest] = text.split('-');
  const padded = year.padStart(7, '0');
  const tail = rest.join('-').replace(/ BC$/, '');
  return text.endsWith(' BC') ? `b${complement(padded)}${tail}` : `n${padded}${tail}`;
}

const TEMPORAL: ReadonlySet<LogicalKind> = new Set(['date', 'timestamp', 'timestamptz']);

/**
 * How a column held as text must be ordered so that its order is the one of its type elsewhere; null where SQLite's own
 * order is that one. Only targets need it: no key of a SQLite source of such a kind claims to be portable.
 */
export function orderKind({ logical, affinity }: ThreadColumn): 'decimal' | 'temporal' | null {
  if (logical.kind === 'decimal' || (logical.kind === 'int' && affinity === 'text')) return 'decimal';
  return TEMPORAL.has(logical.kind) ? 'temporal' : null;
}

export const orderKey = (kind: string, text: string): string =>
  kind === 'decimal' ? decimalKey(text) : temporalKey(text);

/** Makes the function known to the connection. */
export function registerOrder(database: BetterSqlite.Database): void {
  database.function(
    ORDER_FUNCTION,
    { deterministic: true, safeIntegers: true },
    (kind: string, value: StoredValue) => (value === null ? null : orderKey(kind, String(value))),
  );
}
