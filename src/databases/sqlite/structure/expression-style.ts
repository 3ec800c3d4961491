import { type ExpressionStyle, parseExpression } from '../../../engine/structure/parse-expression.ts';
import type { Expression, SqlExpression } from '../../../model/expression.ts';
import type { ColumnSchema } from '../../../model/table-schema.ts';
import { affinityOf } from '../values/affinity.ts';

/** How SQLite writes expressions. Its LOWER and UPPER know the letters of ASCII only: nobody else's do. */
export const STYLE: ExpressionStyle = {
  quotes: ['"', '`', '['],
  backslashes: false,
  foldsNames: true,
  calls: { length: 'char-length', abs: 'abs', coalesce: 'coalesce', ifnull: 'coalesce' },
};

export type ParseSql = (sql: string) => SqlExpression;

export function expressionsOf(columns: readonly Pick<ColumnSchema, 'name' | 'type'>[]): ParseSql {
  const known = columns.map(({ name, type }) => ({ name, isText: affinityOf(type) === 'text' }));
  return (sql) => ({ sql, neutral: parseExpression(sql, STYLE, known) });
}

export const neutralDefaultOf = (sql: string | null): Expression | null =>
  sql === null ? null : parseExpression(sql, STYLE, []);
