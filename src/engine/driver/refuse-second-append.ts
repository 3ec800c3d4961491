import { SluiceError } from '../../model/sluice-error.ts';
import type { PlannedTable } from '../ports/ledger.ts';

/**
 * Refuses to append a table again of which rows are applied: they cannot be told from others, and would be there twice.
 * @param appliedRows  of all generations before; asked only where it decides
 * @throws SluiceError target.not_empty
 */
export async function refuseSecondAppend(
  { plan, generation }: Pick<PlannedTable, 'plan' | 'generation'>,
  appliedRows: () => number | Promise<number>,
): Promise<void> {
  if (plan.writeMode !== 'append' || generation <= 1 || (await appliedRows()) === 0) return;
  throw new SluiceError(
    'target.not_empty',
    'the table cannot be copied again: its earlier rows cannot be told from others',
    { table: plan.id, suggestion: 'choose write.mode truncate or upsert' },
  );
}
