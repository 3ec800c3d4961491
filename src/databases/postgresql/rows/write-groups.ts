import type { GroupWritten, RowGroup } from '../../../engine/ports/target-writer.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../pool.ts';
import { quote, renderWriteGroups } from '../sql.ts';
import { copyIn } from './copy-in.ts';
import { closeStaging, openStaging, type Staging } from './staging.ts';

/**
 * One statement for all groups: constraints that cannot wait are checked at its end. A row that was there is written as a new version of
 * the one that this transaction has locked, which is its xmax; a new row has none.
 */
export async function writeGroups(
  session: Session,
  plan: TablePlan,
  groups: readonly RowGroup[],
): Promise<readonly GroupWritten[]> {
  const stagings: Staging[] = [];
  for (const [at, { block }] of groups.entries()) {
    const staging = await openStaging(session, plan.columns, at);
    const rows = { encoding: 'text-rows', data: block.data } as const;
    await copyIn(session, `pg_temp.${quote(staging.name)}`, plan, rows);
    stagings.push(staging);
  }
  const { rows } = await session.query(
    renderWriteGroups(
      plan,
      stagings.map(({ name }) => name),
    ),
  );
  for (const staging of stagings) await closeStaging(session, staging);
  return groups.map(({ block }, at) => {
    const [written = 0, there = 0] = (rows[0]?.[at] ?? '').split(' ').map(Number);
    // A table of key columns only: rows that are there already need no update, and are not told of.
    return isOnlyKey(plan) ? { rows: block.rows, there: block.rows - written } : { rows: written, there };
  });
}

export const isOnlyKey = ({ columns, targetKey }: TablePlan): boolean =>
  columns.every(({ target }) => targetKey.includes(target));
