import type { TablePlan } from '../../../model/table-plan.ts';
import type { Session } from '../pool.ts';
import { qualified } from '../sql.ts';

/** As the source reads: a plain table without the tables that inherit from it. */
export async function targetFrom(session: Session, plan: TablePlan): Promise<string> {
  const kind = await session.cell(
    'SELECT c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
    [plan.target.schema, plan.target.name],
  );
  return `${kind === 'p' ? '' : 'ONLY '}${qualified(plan.target)}`;
}
