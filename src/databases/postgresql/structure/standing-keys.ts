import type { StandingForeignKey } from '../../../engine/ports/target-structure.ts';
import { touchingKeys } from '../../../engine/structure/touching-keys.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { TablePlan } from '../../../model/table-plan.ts';
import { describeTables } from '../introspector.ts';
import type { Session } from '../pool.ts';
import { literal, qualified, quote } from '../sql.ts';

/** Foreign keys of the target table and of others to it. */
export async function standingForeignKeys(
  session: Session,
  plan: TablePlan,
): Promise<readonly StandingForeignKey[]> {
  const own = `to_regclass(${literal(qualified(plan.target))})`;
  const { rows } = await session.query(
    `SELECT DISTINCT n.nspname, c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE k.contype = 'f' AND (k.conrelid = ${own} OR k.confrelid = ${own})`,
  );
  if (rows.length === 0) return [];
  const names = rows.map(([schema, name]) => ({ schema: schema ?? '', name: name ?? '' }));
  return touchingKeys(await describeTables(session, names), plan.target);
}

/** In the transaction that is open. */
export async function dropKeys(session: Session, keys: readonly StandingForeignKey[]): Promise<void> {
  for (const { table, key } of keys)
    await session.query(
      `ALTER TABLE IF EXISTS ${qualified(table)} DROP CONSTRAINT IF EXISTS ${quote(key.name)}`,
    );
}

/**
 * A DELETE must never take rows of other tables with it, or change them.
 * @throws SluiceError target.constraint_violated
 */
export async function refuseCascades(session: Session, plan: TablePlan): Promise<void> {
  const { rows } = await session.query(
    `SELECT format('%I.%I', n.nspname, c.relname), (SELECT string_agg(format('%I IS NOT NULL', a.attname), ' AND ') FROM unnest(k.conkey) AS col(num) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = col.num)
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE k.contype = 'f' AND k.confrelid = ${literal(qualified(plan.target))}::regclass AND k.conrelid <> k.confrelid AND k.confdeltype IN ('c', 'n', 'd')`,
  );
  for (const [child = '', refers = ''] of rows) {
    if ((await session.cell(`SELECT EXISTS (SELECT FROM ${child} WHERE ${refers})`)) !== 't') continue;
    throw new SluiceError(
      'target.constraint_violated',
      `rows of ${child} refer to the rows that would be deleted, and would go or change with them`,
      { table: plan.id, suggestion: `empty ${child} first, or choose write.mode upsert` },
    );
  }
}
