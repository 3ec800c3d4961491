import type { StandingForeignKey } from '../../../engine/ports/target-structure.ts';
import { touchingKeys } from '../../../engine/structure/touching-keys.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../connections/session.ts';
import { vendorCode } from '../error-codes.ts';
import { describeTables } from '../introspector.ts';
import { literal, qualified, quote } from '../sql/names.ts';

/** Foreign keys of the target table and of others to it. */
export async function standingForeignKeys(
  session: Session,
  plan: TablePlan,
): Promise<readonly StandingForeignKey[]> {
  const { schema, name } = plan.target;
  const { rows } = await session.query(
    `SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL
     AND ((REFERENCED_TABLE_SCHEMA = ${literal(schema)} AND REFERENCED_TABLE_NAME = ${literal(name)}) OR (TABLE_SCHEMA = ${literal(schema)} AND TABLE_NAME = ${literal(name)}))`,
  );
  if (rows.length === 0) return [];
  const names = rows.map(([inSchema, table]) => ({ schema: inSchema ?? '', name: table ?? '' }));
  return touchingKeys(await describeTables(session, names), plan.target);
}

/** Gone already, or its table is: another table's planning was first. */
const GONE = new Set(['1091', '1146']);

/** Each commits by itself. */
export async function dropKeys(session: Session, keys: readonly StandingForeignKey[]): Promise<void> {
  for (const { table, key } of keys) {
    try {
      await session.query(`ALTER TABLE ${qualified(table)} DROP FOREIGN KEY ${quote(key.name)}`);
    } catch (error) {
      if (!GONE.has(vendorCode(error))) throw error;
    }
  }
}
