import { createHash } from 'node:crypto';
import type { ColumnPlan } from '../../../model/table-plan.ts';
import type { Session } from '../pool.ts';
import { quote } from '../sql.ts';

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

function stagingOf(planned: readonly ColumnPlan[], part: number): Staging {
  const types = planned.map((column) => (column.load === null ? column.targetType : 'text'));
  const columns = planned.map((column, at) => `${quote(column.target)} ${types[at] ?? 'text'}`).join(', ');
  const kept = !types.some(isOfUser);
  // Named by what it is: after ALTER TABLE at the target the plan, and so the name, is another one.
  const digest = createHash('sha256').update(columns).digest('hex').slice(0, 16);
  const name = `sluice_staging_${digest}${part === 0 ? '' : `_${part}`}`;
  const end = kept ? `ON COMMIT DELETE ROWS; DELETE FROM pg_temp.${quote(name)}` : 'ON COMMIT DROP';
  return { name, kept, create: `CREATE TEMPORARY TABLE IF NOT EXISTS ${quote(name)} (${columns}) ${end}` };
}

/**
 * Tables that a session keeps: making one costs as much as emptying forty, but each is emptied at every commit, used or not. So what
 * others are used so often instead of is dropped.
 */
const MOST_KEPT = 16;
const LONGEST_UNUSED = 100;

/** The tables that a session keeps, the one that was used last at the end, with the number of its use. */
interface Kept {
  readonly uses: Map<string, number>;
  count: number;
}
const keptBy = new WeakMap<Session, Kept>();

function staleOf({ uses, count }: Kept): readonly string[] {
  const names = [...uses.keys()];
  const tooMany = names.slice(0, Math.max(0, names.length - MOST_KEPT));
  return names.filter((name) => tooMany.includes(name) || count - (uses.get(name) ?? 0) > LONGEST_UNUSED);
}

/**
 * For rows of these columns; empty, whatever the same transaction staged there before.
 * @param part  another table for each, where several are needed at once
 */
export async function openStaging(
  session: Session,
  columns: readonly ColumnPlan[],
  part = 0,
): Promise<Staging> {
  const staging = stagingOf(columns, part);
  const kept = keptBy.get(session) ?? { uses: new Map<string, number>(), count: 0 };
  keptBy.set(session, kept);
  kept.count += 1;
  kept.uses.delete(staging.name);
  if (staging.kept) kept.uses.set(staging.name, kept.count);
  const stale = staleOf(kept);
  for (const name of stale) kept.uses.delete(name);
  const drops = stale.map((name) => `DROP TABLE IF EXISTS pg_temp.${quote(name)}; `);
  await session.query(`${drops.join('')}${staging.create}`);
  return staging;
}

/** What does not stay is dropped at once: another batch of the same transaction makes it anew. */
export async function closeStaging(session: Session, { name, kept }: Staging): Promise<void> {
  if (!kept) await session.query(`DROP TABLE pg_temp.${quote(name)}`);
}
