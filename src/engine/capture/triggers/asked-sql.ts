import type { CapturedTableSpec } from '../../../model/capture-spec.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';
import type { TokenStyle } from '../../structure/expression-tokens.ts';
import { isClosedSql } from '../../structure/is-closed-sql.ts';

/** SQL that a specification has. */
export interface AskedSql {
  /** `where`, `key`, `expressions.total` */
  readonly place: string;
  readonly sql: string;
  readonly isCondition: boolean;
}

/** Expressions come last, in their order. */
export function askedSql({ where, expressions = {}, key }: CapturedTableSpec): readonly AskedSql[] {
  return [
    ...(where === undefined ? [] : [{ place: 'where', sql: where, isCondition: true }]),
    ...(typeof key === 'object' && 'expression' in key
      ? [{ place: 'key', sql: key.expression, isCondition: false }]
      : []),
    ...Object.entries(expressions).map(([name, sql]) => ({
      place: `expressions.${name}`,
      sql,
      isCondition: false,
    })),
  ];
}

export const invalidSql = (table: TableName, { place, sql }: AskedSql, reason: string): SluiceError =>
  new SluiceError('capture.condition_invalid', `${place} of ${tableId(table)}, ${sql.trim()}: ${reason}`, {
    table: tableId(table),
    where: place,
  });

/** @throws SluiceError capture.condition_invalid */
export function refuseOpenSql(table: TableName, asked: AskedSql, style: TokenStyle): void {
  if (isClosedSql(asked.sql, style)) return;
  throw invalidSql(
    table,
    asked,
    'it must be one expression, without comments, ";" or brackets that close too early',
  );
}
