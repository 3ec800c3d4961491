import type { GroupWritten, RowGroup } from '../../../engine/ports/target-writer.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { closeStaging, insertMissing, openKeyed, updateThere } from './write-rows.ts';

interface Request {
  readonly plan: TablePlan;
  readonly loadData: boolean;
}

/**
 * A statement counts the rows that it meets: where all are as they are expected one is enough. Those that are to be updated come before
 * those that are to be inserted, as within one upsert.
 */
export async function writeGroups(
  session: Session,
  { plan, loadData }: Request,
  groups: readonly RowGroup[],
): Promise<readonly GroupWritten[]> {
  const written: GroupWritten[] = [];
  for (const { expected, block } of groups) {
    const { staging, rows } = await openKeyed(session, { plan, data: block.data, loadData });
    if (expected === 'absent') {
      const inserted = await insertMissing(session, plan, staging);
      const met = inserted < rows ? await updateThere(session, plan, staging) : inserted;
      written.push({ rows: met, there: rows - inserted });
    } else {
      const there = await updateThere(session, plan, staging);
      const inserted = there < rows ? await insertMissing(session, plan, staging) : 0;
      written.push({ rows: there + inserted, there });
    }
    await closeStaging(session, staging);
  }
  return written;
}
