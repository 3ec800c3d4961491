import { FIRST_INSERTED, STRIDE, TABLE_ROWS, type Workload } from './engine.ts';

/**
 * One statement of a workload in a loop at the server, for the i-th row or for those behind `a`, as PostgreSQL and MariaDB have it.
 * @param dialect  `row`: values behind the key; `i`: the counter as a number that may grow large
 */
export function renderStatement(
  { operation, perStatement }: Workload,
  table: string,
  round: number,
  { row, i }: { readonly row: string; readonly i: string },
): string {
  const isSingle = perStatement === 1;
  if (operation === 'insert')
    return isSingle
      ? `INSERT INTO ${table} VALUES (${FIRST_INSERTED} + i, ${row})`
      : `INSERT INTO ${table} SELECT ${FIRST_INSERTED} + id, customer_id, status, amount, created_at, note, payload, qty, flag, ref
          FROM app_none AS s WHERE s.id > a AND s.id <= a + ${perStatement}`;
  if (operation === 'delete')
    return isSingle
      ? `DELETE FROM ${table} WHERE id = ${FIRST_INSERTED} + i`
      : `DELETE FROM ${table} WHERE id > ${FIRST_INSERTED} + a AND id <= ${FIRST_INSERTED} + a + ${perStatement}`;
  const shifted = `${round} * ${perStatement}`;
  return isSingle
    ? `UPDATE ${table} SET amount = amount + 1, qty = i % 100 WHERE id = 1 + (${i} * ${STRIDE} + ${shifted}) % ${TABLE_ROWS}`
    : `UPDATE ${table} SET amount = amount + 1
        WHERE id > (a + ${shifted}) % ${TABLE_ROWS} AND id <= (a + ${shifted}) % ${TABLE_ROWS} + ${perStatement}`;
}
