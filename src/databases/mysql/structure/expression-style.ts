import { type ExpressionStyle, parseExpression } from '../../../engine/structure/parse-expression.ts';
import type { Expression, SqlExpression } from '../../../model/expression.ts';
import type { ColumnSchema } from '../../../model/table-schema.ts';

/** How MySQL and MariaDB write expressions. LENGTH counts bytes: nobody else's does. */
export const STYLE: ExpressionStyle = {
  quotes: ['`'],
  backslashes: true,
  foldsNames: true,
  calls: {
    lower: 'lower',
    lcase: 'lower',
    upper: 'upper',
    ucase: 'upper',
    char_length: 'char-length',
    character_length: 'char-length',
    abs: 'abs',
    coalesce: 'coalesce',
    ifnull: 'coalesce',
  },
};

export type ParseSql = (sql: string) => SqlExpression;

export function expressionsOf(columns: readonly Pick<ColumnSchema, 'name' | 'baseType'>[]): ParseSql {
  const known = columns.map(({ name, baseType }) => ({ name, isText: /char$|text$/.test(baseType) }));
  return (sql) => ({ sql, neutral: parseExpression(sql, STYLE, known) });
}

export const neutralDefaultOf = (sql: string | null): Expression | null =>
  sql === null ? null : parseExpression(sql, STYLE, []);
