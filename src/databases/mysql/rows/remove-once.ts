import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { cellOf, renderRowText } from '../sql/checksum-sql.ts';
import { list, qualified, quote } from '../sql/names.ts';
import { type Filling, fillStaging } from './write-rows.ts';

const IMAGE = 'sluice_image';
const MOST = 'sluice_most';

/** What a row is told by: the text that verification compares. NULL where it is longer than the server makes texts. */
const imageOf = ({ columns }: Pick<TablePlan, 'columns'>): string =>
  `UNHEX(SHA2(${renderRowText(columns.map((column) => cellOf(column, 'target')))}, 256))`;

/** Images of staged rows, each with how many of them are to go. */
export const renderWanted = (plan: TablePlan, wanted: string, staging: string): string =>
  `CREATE TEMPORARY TABLE ${wanted} (${IMAGE} binary(32) NOT NULL PRIMARY KEY, ${MOST} bigint NOT NULL) ENGINE=InnoDB AS SELECT ${IMAGE}, COUNT(*) AS ${MOST} FROM (SELECT ${imageOf(plan)} AS ${IMAGE} FROM ${staging}) AS s GROUP BY ${IMAGE}`;

/** Those of which the target has more rows than are to go. */
export const renderMoreThere = (plan: TablePlan, wanted: string): string =>
  `SELECT HEX(w.${IMAGE}), w.${MOST} FROM (SELECT ${imageOf(plan)} AS ${IMAGE} FROM ${qualified(plan.target)}) AS t STRAIGHT_JOIN ${wanted} AS w ON w.${IMAGE} = t.${IMAGE} GROUP BY w.${IMAGE}, w.${MOST} HAVING COUNT(*) > w.${MOST}`;

/** All rows of the others. */
export const renderDeleteAll = (plan: TablePlan, wanted: string): string =>
  `DELETE t FROM ${qualified(plan.target)} AS t STRAIGHT_JOIN ${wanted} AS w ON w.${IMAGE} = ${imageOf(plan)}`;

export const renderDeleteSome = (plan: TablePlan, image: string, most: string): string =>
  `DELETE FROM ${qualified(plan.target)} WHERE ${imageOf(plan)} = X'${image}' LIMIT ${most}`;

/** So many fit into a statement of any server. */
const AT_ONCE = 1_000;

/**
 * One row of each that is the same, where the server has no name for a row: where all that are the same go, at once; of those
 * of which some stay, one statement after the other.
 * @returns rows that were there
 */
export async function removeRowsOnce(session: Session, request: Filling): Promise<number> {
  const { plan } = request;
  const staging = await fillStaging(session, request);
  const wanted = `${quote(plan.target.schema)}.${quote('sluice_images')}`;
  await session.query(`DROP TEMPORARY TABLE IF EXISTS ${wanted}`);
  await session.query(renderWanted(plan, wanted, staging));
  await session.query(`DROP TEMPORARY TABLE ${staging}`);
  const { rows } = await session.query(renderMoreThere(plan, wanted));
  let count = 0;
  for (const [image, most] of rows)
    count += (await session.query(renderDeleteSome(plan, image ?? '', most ?? '0'))).count;
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const images = rows.slice(at, at + AT_ONCE).map(([image]) => `X'${image ?? ''}'`);
    await session.query(`DELETE FROM ${wanted} WHERE ${IMAGE} IN (${list(images)})`);
  }
  count += (await session.query(renderDeleteAll(plan, wanted))).count;
  await session.query(`DROP TEMPORARY TABLE ${wanted}`);
  return count;
}
