import { isDeepStrictEqual } from 'node:util';
import type { ChangedTable } from '../../model/changes-plan.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { TableSchema } from '../../model/table-schema.ts';
import type { Dialect } from '../ports/dialect.ts';

/**
 * By which types the payloads of a table are made, where the plan has others; see ChangedTable. Values of any class stay what they
 * are: those come as such (ChangeCapture.read).
 */
export function capturedTypes(
  { types }: Pick<Dialect, 'types'>,
  { columns }: Pick<TableSchema, 'columns'>,
  plan: TablePlan,
): Pick<ChangedTable, 'captured'> {
  const captured = plan.columns.map(({ source, logical }) => {
    const column = columns.find(({ name }) => name === source);
    return logical.kind === 'any' || !column ? logical : (types.reading(column)?.logical ?? logical);
  });
  const isSame = captured.every((logical, place) => isDeepStrictEqual(logical, plan.columns[place]?.logical));
  return isSame ? {} : { captured };
}
