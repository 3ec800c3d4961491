import { isDeepStrictEqual } from 'node:util';
import type { ChangedTable } from '../../model/changes-plan.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { ColumnSchema, TableSchema } from '../../model/table-schema.ts';
import type { Dialect } from '../ports/dialect.ts';

/** Of the same product a text may stand for what travels as bytes: nothing would make the value of it again. */
function refuseText(
  { types }: Pick<Dialect, 'types'>,
  column: ColumnSchema,
  { id }: Pick<TablePlan, 'id'>,
): void {
  const recorded = types.reading(column);
  const own = types.identical?.(column);
  if (recorded?.logical.kind !== 'native' || own?.logical.kind !== 'native') return;
  if (recorded.render === own.render) return;
  throw new SluiceError(
    'capture.table_unsupported',
    `changes of a column of type ${column.type} are recorded as a text that is not written back`,
    { table: id, column: column.name, suggestion: 'columns.exclude' },
  );
}

/**
 * By which types the payloads of a table are made, where the plan has others; see ChangedTable. Values of any class stay what they
 * are: those come as such (ChangeCapture.read).
 * @throws SluiceError capture.table_unsupported
 */
export function capturedTypes(
  dialect: Pick<Dialect, 'types'>,
  { columns }: Pick<TableSchema, 'columns'>,
  plan: TablePlan,
): Pick<ChangedTable, 'captured'> {
  const captured = plan.columns.map(({ source, logical }) => {
    const column = columns.find(({ name }) => name === source);
    if (logical.kind === 'any' || !column) return logical;
    if (logical.kind === 'native') refuseText(dialect, column, plan);
    return dialect.types.reading(column)?.logical ?? logical;
  });
  const isSame = captured.every((logical, place) => isDeepStrictEqual(logical, plan.columns[place]?.logical));
  return isSame ? {} : { captured };
}
