import type { StandingForeignKey } from '../../../engine/ports/target-structure.ts';
import { touchingKeys } from '../../../engine/structure/touching-keys.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { vendorCode } from '../error-codes.ts';
import { describeTables } from '../introspector.ts';
import { DROP_GONE, renderDropKey, STANDING } from '../sql/structure-sql.ts';

/** Foreign keys of the target table and of others to it. */
export async function standingForeignKeys(
  session: Session,
  plan: TablePlan,
): Promise<readonly StandingForeignKey[]> {
  const { schema, name } = plan.target;
  const { rows } = await session.query(STANDING, { schema, name });
  if (rows.length === 0) return [];
  const names = rows.map(([owner, table]) => ({ schema: owner ?? '', name: table ?? '' }));
  return touchingKeys(await describeTables(session, names), plan.target);
}

/** Each commits by itself. */
export async function dropKeys(session: Session, keys: readonly StandingForeignKey[]): Promise<void> {
  for (const { table, key } of keys) {
    try {
      await session.query(renderDropKey(table, key.name));
    } catch (error) {
      // Gone already, or its table is: another table's planning was first.
      if (!DROP_GONE.has(vendorCode(error))) throw error;
    }
  }
}
