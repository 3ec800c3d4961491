import { setTimeout as delay } from 'node:timers/promises';
import { isSluiceError, SluiceError } from '../../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../../model/table-name.ts';
import type { Pool, Session } from '../../pool.ts';

/** Who waits longer for a lock holds everybody up who comes after. */
const LOCK_TIMEOUT_MS = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** About half a minute in all. */
export const ATTEMPTS = 16;

const LOCKED = new Set(['55P03', '40P01']); // not in time, deadlock

const HOLDERS = `
  WITH RECURSIVE tree AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
    UNION ALL SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid)
  SELECT DISTINCT coalesce('process ' || l.pid::text, 'a prepared transaction'), nullif(a.application_name, ''), a.state
  FROM pg_locks l JOIN tree ON tree.oid = l.relation LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.granted AND l.locktype = 'relation' AND l.mode <> 'AccessShareLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ORDER BY 1 LIMIT 5`;

async function holdersOf(session: Session, table: TableName): Promise<readonly string[]> {
  const { rows } = await session.query(HOLDERS, [table.schema, table.name]);
  return rows.map(([who, application, state]) => {
    const what = [application, state].filter((each) => each !== null && each !== undefined).join(', ');
    return what === '' ? (who ?? '') : `${who} (${what})`;
  });
}

/**
 * Work in a transaction of its own that needs a lock which everybody waits behind: it waits half a second for it, lets the others on,
 * and tries again.
 * @throws SluiceError database.transient, naming the processes that hold the table
 */
export async function withLock<T>(
  pool: Pool,
  request: { readonly table: TableName; readonly attempts: number },
  work: (session: Session) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { table, attempts } = request;
  let holders: readonly string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pool.transaction(
        async (session) => {
          await session.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
          return work(session);
        },
        signal,
        { table: tableId(table) },
      );
    } catch (error) {
      if (!isSluiceError(error) || !LOCKED.has(error.details.vendorCode ?? '')) throw error;
      const found = await pool.use((session) => holdersOf(session, table), signal);
      if (found.length > 0) holders = found;
      if (attempt < attempts) {
        await delay(Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS), undefined, { signal });
        continue;
      }
      throw new SluiceError(
        'database.transient',
        `${tableId(table)} is in use: ${holders.length === 0 ? 'others had it each time' : holders.join(', ')}`,
        {
          ...error.details,
          suggestion: 'try again when that has ended, or end it: pg_terminate_backend(PID)',
        },
      );
    }
  }
}
