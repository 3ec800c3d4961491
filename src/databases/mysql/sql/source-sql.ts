import type { KeyRange } from '../../../model/lane.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import { cellOf, renderRowText } from './checksum-sql.ts';
import { keyColumns, renderKeyOrder, renderSourceWhere } from './keys.ts';
import { list, qualified } from './names.ts';

/** The query in the place of a table. On lines of its own, so that a comment at its end cannot swallow what follows. */
export const renderQueryFrom = (query: string): string => `(\n${query}\n) AS sluice_query`;

/** What rows are read from: the table, or the query that stands for it. */
export const renderFrom = (plan: TablePlan): string =>
  plan.query === undefined ? qualified(plan.source) : renderQueryFrom(plan.query);

/** What rows without a key are ordered by: rows with the same hash are the same in all that is copied. */
export const renderRowHash = (plan: TablePlan): string =>
  `MD5(${renderRowText(plan.columns.map((column) => cellOf(column, 'source')))})`;

/** FROM and WHERE of the rows of a range that the plan selects. */
export function selectedRows(plan: TablePlan, range: KeyRange | null) {
  const from = renderFrom(plan);
  const where = renderSourceWhere(plan, { range, after: null });
  if (plan.mostRows === undefined) return { from, where };
  const order = plan.position.kind === 'key' ? renderKeyOrder(plan) : renderRowHash(plan);
  const sample = `SELECT * FROM ${from}${where} ORDER BY ${order} LIMIT ${plan.mostRows}`;
  return { from: `(${sample}) AS sluice_sample`, where: '' };
}

/**
 * Every rowsPerRange-th key of a query, and every key that is none: in one pass over its rows. First `0` for the end of a
 * range, `1` for a NULL, `2` for the key of the row before.
 */
export function renderKeyPass(plan: TablePlan, rowsPerRange: number): string {
  const keys = keyColumns(plan, 'source').map(({ order }) => order);
  const isNull = keys.map((key) => `${key} IS NULL`).join(' OR ');
  const isDouble = keys.map((key) => `${key} = LAG(${key}) OVER w`).join(' AND ');
  const names = keys.map((_, at) => `sluice_k${at}`);
  const texts = plan.columns
    .slice(0, keys.length)
    .map(({ renderSource }, at) => `${renderSource} AS ${names[at]}`);
  const bad = `CASE WHEN ${isNull} THEN 1 WHEN ${isDouble} THEN 2 ELSE 0 END`;
  const pass = `SELECT ${list(texts)}, ROW_NUMBER() OVER w AS sluice_n, ${bad} AS sluice_bad FROM ${renderFrom(plan)} WINDOW w AS (ORDER BY ${list(keys)})`;
  return `SELECT sluice_bad, ${list(names)} FROM (${pass}) AS pass WHERE sluice_bad > 0 OR sluice_n % ${rowsPerRange} = 0 ORDER BY sluice_bad > 0 DESC, sluice_n`;
}
