import { SluiceError } from '../../model/sluice-error.ts';
import { tableId } from '../../model/table-name.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { KeySchema, TableSchema } from '../../model/table-schema.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { ChangeCapture } from '../ports/change-capture.ts';
import type { Dialect } from '../ports/dialect.ts';
import type { CapturedTable } from '../ports/trigger-manager.ts';
import { movesRows } from './changes-of-transfer.ts';

/** Rows of the table are told apart by all that is recorded of them, and equal ones are counted. */
export const isKeyless = ({ primaryKey }: Pick<CapturedTable, 'primaryKey'>): boolean =>
  primaryKey.length === 0;

/**
 * Of rows that are copied and then changed a table with a key ends with the last state, whatever was copied; without one each change
 * must be done to the very rows that it was done to.
 * @throws SluiceError capture.key_needed
 */
export function refuseKeyless(
  captured: Pick<CapturedTable, 'table' | 'primaryKey'>,
  spec: Pick<TransferSpec, 'mode'>,
  {
    target,
    changes,
  }: {
    readonly target: Pick<Dialect, 'name' | 'capabilities'>;
    readonly changes: Pick<ChangeCapture, 'beginAt'>;
  },
): void {
  if (!isKeyless(captured)) return;
  const table = tableId(captured.table);
  if (!target.capabilities.removesOneOfSame)
    throw new SluiceError(
      'capture.key_needed',
      `changes of a table without a primary key cannot be applied to ${target.name}`,
      { table },
    );
  if (movesRows(spec) && !changes.beginAt)
    throw new SluiceError(
      'capture.key_needed',
      'a table without a primary key cannot be copied from this source and then followed',
      { table, suggestion: 'bring its rows over yourself, and follow it with mode: changes' },
    );
}

const isOf = ({ columns }: KeySchema, names: readonly string[]): boolean =>
  columns.length === names.length && columns.every((name) => names.includes(name));

/**
 * A key that the target has of columns that are written, and the source has not, would refuse rows that are there twice.
 * @throws SluiceError capture.key_needed
 */
export function refuseOtherKey(
  { id, columns }: Pick<TablePlan, 'id' | 'columns'>,
  source: Pick<TableSchema, 'uniqueKeys'>,
  existing: Pick<TableSchema, 'primaryKey' | 'uniqueKeys'> | null,
): void {
  const targetOf = (name: string): string => columns.find((each) => each.source === name)?.target ?? '';
  const known = source.uniqueKeys.map((key) => key.columns.map(targetOf));
  const written = new Set(columns.map(({ target }) => target));
  const keys = [existing?.primaryKey ?? null, ...(existing?.uniqueKeys ?? [])].filter((key) => key !== null);
  const other = keys.find(
    (key) => key.columns.every((name) => written.has(name)) && !known.some((names) => isOf(key, names)),
  );
  if (other)
    throw new SluiceError(
      'capture.key_needed',
      'the target has another key than the source, which has none',
      {
        table: id,
        suggestion: `drop the key ${other.columns.join(', ')} at the target, or give the source the same`,
      },
    );
}
