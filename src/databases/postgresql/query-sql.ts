import type { TablePlan } from '../../model/table-plan.ts';
import { positionColumns, quote, type ReadShape, renderFrom, renderRowText } from './sql.ts';

/** The query in the place of a table. On lines of its own, so that a comment at its end cannot swallow what follows. */
export const renderQueryFrom = (query: string): string => `(\n${query}\n) AS sluice_query`;

/**
 * A query without a key, its rows named by a hash of all that is copied of them and a number among those of the same hash,
 * which are the same in all that counts: a position that means the same whenever the query gives the same rows.
 */
export function renderHashedFrom(plan: TablePlan, utf8: boolean): string {
  const text = renderRowText(
    plan.columns.map((column) => column.renderSource),
    utf8,
  );
  const hash = `md5(${utf8 ? text : `convert_to(${text}, 'UTF8')`}) COLLATE "C"`;
  const hashed = `SELECT *, ${hash} AS sluice_hash FROM ${renderQueryFrom(plan.query ?? '')}`;
  return `(SELECT *, row_number() OVER (PARTITION BY sluice_hash) AS sluice_copy FROM (${hashed}) AS h) AS sluice_query`;
}

/** What the first rows of the plan are, in the place of a table. */
export const renderSampleFrom = (plan: TablePlan, shape: ReadShape, where: string): string =>
  `(SELECT * FROM ${renderFrom(plan.source, shape)}${where} ORDER BY ${positionColumns(plan, shape).join(', ')} LIMIT ${plan.mostRows}) AS sluice_sample`;

/**
 * Every rowsPerRange-th key of a query, and every key that is none: in one pass over its rows. First `0` for the end of a
 * range, `1` for a NULL, `2` for the key of the row before.
 */
export function renderKeyPass(plan: TablePlan, shape: ReadShape, rowsPerRange: number): string {
  const keys = plan.position.columns.map(quote);
  const isNull = keys.map((key) => `${key} IS NULL`).join(' OR ');
  const isDouble = keys.map((key) => `${key} = lag(${key}) OVER w`).join(' AND ');
  const bad = `CASE WHEN ${isNull} THEN 1 WHEN ${isDouble} THEN 2 ELSE 0 END`;
  const pass = `SELECT ${keys.join(', ')}, row_number() OVER w AS sluice_n, ${bad} AS sluice_bad FROM ${renderFrom(plan.source, shape)} WINDOW w AS (ORDER BY ${keys.join(', ')})`;
  const cells = keys.map((key) => `concat(${key})`).join(', ');
  return `SELECT sluice_bad, ${cells} FROM (${pass}) AS pass WHERE sluice_bad > 0 OR sluice_n % ${rowsPerRange} = 0 ORDER BY sluice_bad > 0 DESC, sluice_n`;
}

/** Types by their numbers as the catalog prints them, in the order of the numbers. */
export const renderTypes = (
  types: readonly { readonly oid: number; readonly modifier: number }[],
): string => {
  const rows = types.map(({ oid, modifier }, place) => `(${place}, ${oid}::oid, ${modifier})`).join(', ');
  const labels = `(SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = f.oid)`;
  return `SELECT format_type(f.oid, f.modifier), format_type(f.oid, NULL), ${labels} FROM (VALUES ${rows}) AS f(place, oid, modifier) ORDER BY f.place`;
};
