import { type ExpressionStyle, parseExpression } from '../../../engine/structure/parse-expression.ts';
import type { Expression, SqlExpression } from '../../../model/expression.ts';
import type { ColumnSchema } from '../../../model/table-schema.ts';

/** How Oracle writes expressions. LENGTH of a CHAR counts its blanks: nobody else's does. */
export const STYLE: ExpressionStyle = {
  quotes: ['"'],
  backslashes: false,
  foldsNames: true,
  calls: { lower: 'lower', upper: 'upper', abs: 'abs', coalesce: 'coalesce', nvl: 'coalesce' },
};

/** The empty text is NULL here, and to nobody else: what names it is in the words of Oracle alone. */
const parse = (sql: string, columns: Parameters<typeof parseExpression>[2]): Expression | null =>
  /''(?!')/.test(sql.replaceAll(/'(?:[^']|'')+'/g, 'x')) ? null : parseExpression(sql, STYLE, columns);

export type ParseSql = (sql: string) => SqlExpression;

export function expressionsOf(columns: readonly Pick<ColumnSchema, 'name' | 'baseType'>[]): ParseSql {
  const known = columns.map(({ name, baseType }) => ({ name, isText: baseType.endsWith('VARCHAR2') }));
  return (sql) => ({ sql, neutral: parse(sql, known) });
}

export const neutralDefaultOf = (sql: string | null): Expression | null =>
  sql === null ? null : parse(sql, []);
