import { SluiceError } from '../../model/sluice-error.ts';
import { type TableName, tableId } from '../../model/table-name.ts';
import type { SequenceSchema } from '../../model/table-schema.ts';
import type { TablePlan } from '../../model/table-plan.ts';
import type { Session } from './connections/session.ts';
import { isRefusal, vendorCode } from './error-codes.ts';
import { qualified } from './sql/names.ts';
import {
  renderCreateSequence,
  renderFurthest,
  renderRestart,
  sequenceAt,
  sequenceIn,
} from './sql/sequence-sql.ts';
import { IDENTITIES, renderIdentity, STATISTICS } from './sql/structure-sql.ts';

/** Where a sequence goes on, when a number of the column lies at or behind it; null: it is past all of them. */
export function restartAt(
  furthest: string | null | undefined,
  stands: string | null | undefined,
  increment: bigint,
): bigint | null {
  // Without a sequence that we may see there is nothing to set.
  if (!furthest || !stands) return null;
  const [number, last] = [BigInt(furthest.split('.')[0] ?? 0), BigInt(stands)];
  const isPast = increment > 0n ? last > number : last < number;
  return isPast ? null : number + increment;
}

interface Restart {
  readonly sequence: TableName;
  readonly of: SequenceSchema;
  readonly start: bigint;
}

/** The manual has RESTART from 18c on: whoever refuses it is told to a person, for without it the next number is taken. */
async function restart(session: Session, plan: TablePlan, { sequence, of, start }: Restart): Promise<void> {
  try {
    await session.query(renderRestart(sequence, start));
  } catch (error) {
    const code = vendorCode(error);
    if (!isRefusal(code)) throw error;
    const again = renderCreateSequence(sequence, { ...of, start: String(start) });
    throw new SluiceError(
      'target.structure_differs',
      `the sequence ${tableId(sequence)} stands behind the rows`,
      {
        table: plan.id,
        vendorCode: code,
        suggestion: `DROP SEQUENCE ${qualified(sequence)}; ${again};`,
      },
    );
  }
}

async function setSequences(session: Session, plan: TablePlan): Promise<void> {
  if (plan.structure?.product !== 'oracle') return;
  for (const { source, target } of plan.columns) {
    const from = plan.structure.columns.find(({ name }) => name === source);
    const drawn = sequenceIn(from?.default ?? null);
    if (!drawn || !from?.sequence) continue;
    const sequence = sequenceAt(plan, drawn);
    const increment = BigInt(from.sequence.increment);
    const text = renderFurthest(plan.target, target, increment > 0n);
    const [cells = []] = (await session.query(text, { ...sequence })).rows;
    const start = restartAt(cells[0], cells[1], increment);
    if (start !== null) await restart(session, plan, { sequence, of: from.sequence, start });
  }
}

/** Statistics of tables of others need a right that a copy does not. */
const NO_STATISTICS = new Set(['ORA-20000', 'ORA-01031', 'ORA-06550', 'ORA-38029']);

/** Identity and sequences past the highest number, statistics renewed. */
export async function finishTable(session: Session, plan: TablePlan): Promise<void> {
  const { schema, name } = plan.target;
  const { rows } = await session.query(IDENTITIES, { schema, name });
  const planned = new Set(plan.columns.map((column) => column.target));
  for (const [column] of rows)
    if (column && planned.has(column)) await session.query(renderIdentity(plan.target, column));
  await setSequences(session, plan);
  try {
    await session.query(STATISTICS, { schema, name });
  } catch (error) {
    if (!NO_STATISTICS.has(vendorCode(error))) throw error;
  }
}
