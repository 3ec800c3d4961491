import type { KeyBlock } from '../../../engine/ports/target-writer.ts';
import type { LogicalKind } from '../../../model/logical-type.ts';
import type { ColumnPlan, TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../pool.ts';
import { quote, renderRowText } from '../sql.ts';
import { copyIn } from './copy-in.ts';
import { closeStaging, openStaging } from './staging.ts';
import { targetFrom } from './target-from.ts';

/** A staged value as one of the target's column, by whose type its text is made. */
const typed = ({ load, target, targetType }: ColumnPlan): string =>
  load === null
    ? quote(target)
    : `CAST((${load.replaceAll('$value', () => quote(target))}) AS ${targetType}) AS ${quote(target)}`;

/** Kinds of which two values with the same canonical text are equal to the server too, and soon compared. */
const QUICK: ReadonlySet<LogicalKind> = new Set([
  'int',
  'uuid',
  'timestamp',
  'timestamptz',
  'date',
  'decimal',
]);

/** Most rows of the target have a value that no staged row has: of those no text is made. */
function likely(columns: readonly ColumnPlan[], staged: string): string {
  const column = columns.find(({ logical }) => QUICK.has(logical.kind));
  if (!column) return '';
  const name = quote(column.target);
  return ` WHERE (${name} IN (SELECT ${name} FROM ${staged} WHERE ${name} IS NOT NULL) OR ${name} IS NULL)`;
}

/**
 * Deletes for each staged row one that is the same, by the texts that verification compares: 1.0 and 1.00 are two where the type keeps them
 * apart. A row is found by its place, which in a table with partitions is one of a partition.
 * @param from  the table as it is written in FROM
 */
export function renderDeleteOnce(
  { columns }: Pick<TablePlan, 'columns'>,
  { from, staging, utf8 }: { readonly from: string; readonly staging: string; readonly utf8: boolean },
): string {
  const text = renderRowText(
    columns.map(({ renderTarget }) => renderTarget),
    utf8,
  );
  const image = `sha256(convert_to(${text}, 'UTF8')) AS sluice_image`;
  const staged = `(SELECT ${columns.map(typed).join(', ')} FROM pg_temp.${quote(staging)}) AS v`;
  const found = `SELECT ctid AS sluice_at, tableoid AS sluice_of, ${image} FROM ${from}${likely(columns, staged)}`;
  return `WITH wanted AS (SELECT sluice_image, count(*) AS most FROM (SELECT ${image} FROM ${staged}) AS s GROUP BY sluice_image),
    same AS (SELECT sluice_at, sluice_of, most, row_number() OVER (PARTITION BY sluice_image) AS nth FROM (${found}) AS f JOIN wanted USING (sluice_image))
    DELETE FROM ${from} AS t USING same WHERE same.nth <= same.most AND t.ctid = same.sluice_at AND t.tableoid = same.sluice_of`;
}

/** @returns rows that were there */
export async function removeRowsOnce(session: Session, plan: TablePlan, { data }: KeyBlock): Promise<number> {
  const staging = await openStaging(session, plan.columns);
  await copyIn(session, `pg_temp.${quote(staging.name)}`, plan, { encoding: 'text-rows', data });
  const from = await targetFrom(session, plan);
  const utf8 = session.parameter('server_encoding') === 'UTF8';
  const { count } = await session.query(renderDeleteOnce(plan, { from, staging: staging.name, utf8 }));
  await closeStaging(session, staging);
  return count;
}
