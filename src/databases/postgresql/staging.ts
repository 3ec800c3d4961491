import { createHash } from 'node:crypto';
import type { TablePlan } from '../../model/table-plan.ts';
import type { Session } from './pool.ts';
import { quote } from './sql.ts';

/** Where rows wait when an expression or an upsert stands between COPY and the table. */
export interface Staging {
  readonly name: string;
  /** Makes it, empty, in the transaction that is open. */
  readonly create: string;
  /** Stays with the session, empty at each commit: making it for each batch costs milliseconds and wears the catalog. */
  readonly kept: boolean;
}

/** Types of the user: a table that stays would keep their owner from dropping them. */
const isOfUser = (type: string): boolean => /[."]/.test(type);

export function stagingOf(plan: TablePlan): Staging {
  const types = plan.columns.map((column) => (column.load === null ? column.targetType : 'text'));
  const columns = plan.columns
    .map((column, at) => `${quote(column.target)} ${types[at] ?? 'text'}`)
    .join(', ');
  const kept = !types.some(isOfUser);
  // Named by what it is: after ALTER TABLE at the target the plan, and so the name, is another one.
  const name = `sluice_staging_${createHash('sha256').update(columns).digest('hex').slice(0, 16)}`;
  const end = kept ? `ON COMMIT DELETE ROWS; DELETE FROM pg_temp.${quote(name)}` : 'ON COMMIT DROP';
  return { name, kept, create: `CREATE TEMPORARY TABLE IF NOT EXISTS ${quote(name)} (${columns}) ${end}` };
}

/** The one table that a session keeps: each more would be emptied at every commit. */
const keptBy = new WeakMap<Session, string>();

export async function openStaging(session: Session, plan: TablePlan): Promise<Staging> {
  const staging = stagingOf(plan);
  const before = keptBy.get(session);
  const other = before !== undefined && before !== staging.name ? before : null;
  const drop = other === null ? '' : `DROP TABLE IF EXISTS pg_temp.${quote(other)}; `;
  await session.query(`${drop}${staging.create}`);
  if (staging.kept) keptBy.set(session, staging.name);
  else if (other !== null) keptBy.delete(session);
  return staging;
}

/** What does not stay is dropped at once: another batch of the same transaction makes it anew. */
export async function closeStaging(session: Session, { name, kept }: Staging): Promise<void> {
  if (!kept) await session.query(`DROP TABLE pg_temp.${quote(name)}`);
}
