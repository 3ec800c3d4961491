import { isSluiceError } from '../../../model/sluice-error.ts';
import type { Pool } from '../connections/pool.ts';
import { reading, type Session } from '../connections/session.ts';
import { quote } from '../sql.ts';
import type { FreeRule, OperationName, Operations } from '../thread/operations.ts';
import { captureTables, oldTable, PARKING_VERSION, rowsTable } from './capture-tables.ts';
import { readVersion, requireInstalled } from './captured-state.ts';
import type { CaptureFile } from './trigger-manager.ts';
import { forgetKept } from './triggers/render-rivals.ts';

interface Rules {
  readonly rules: readonly FreeRule[];
  /** The newest id when they were made: who registers from now on begins behind it. */
  readonly uptoId: bigint;
  /** Statements that take away what nobody needs any more. */
  readonly statements: readonly string[];
}

const sqliteTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 23);

/** What each captured table's events are held by: the oldest claim of each lane that is not confirmed long enough. */
async function readRules(session: Session, prefix: string, retentionMs: number): Promise<Rules> {
  await requireInstalled(session, prefix);
  const { captured, claims, events, lanes, layouts } = captureTables(prefix);
  const [newest] = await session.rows(`SELECT coalesce(max(id), 0) FROM ${events}`);
  const uptoId = newest?.[0] as bigint;
  const held = await session.rows(
    `SELECT table_numbers, coalesce((SELECT min(after_id) FROM ${claims} AS c WHERE c.transfer = l.transfer AND c.lane = l.lane), sealed_id) FROM ${lanes} AS l`,
  );
  // Claims name tables that their lane may no longer have.
  const ofClaims = await session.rows(`SELECT table_numbers, after_id FROM ${claims}`);
  const lowest = new Map<number, bigint>();
  for (const [numbers, id] of [...held, ...ofClaims])
    for (const number of JSON.parse(String(numbers)) as number[]) {
      const known = lowest.get(number);
      if (known === undefined || known > (id as bigint)) lowest.set(number, id as bigint);
    }
  const known = await session.rows(`SELECT number FROM ${captured}`);
  const olderThan = sqliteTime(Date.now() - retentionMs);
  const rules = known.map(([number]): FreeRule => {
    const table = Number(number);
    const upto = lowest.get(table);
    return upto === undefined ? { table, uptoId, olderThan } : { table, uptoId: upto, olderThan: null };
  });
  const kept = await keptStatements(session, prefix);
  const unused = await session.rows(
    `SELECT l.number, l.layout FROM ${layouts} AS l WHERE NOT EXISTS (SELECT 1 FROM ${captured} AS c WHERE c.number = l.number AND c.layout = l.layout AND c.dropped_at IS NULL)`,
  );
  const excluded = await excludedStatements(session, prefix);
  return {
    rules,
    uptoId,
    statements: [...kept, ...excluded, ...(await unusedStatements(session, prefix, unused))],
  };
}

/** Rows that an INSERT OR IGNORE has left: no statement is at work when the lock of the file is ours. */
async function keptStatements(session: Session, prefix: string): Promise<readonly string[]> {
  const names = await session.rows(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND instr(name, ?) = 1`,
    [`${prefix}event_old_`],
  );
  const found: string[] = [];
  for (const [name] of names) {
    const table = quote(String(name));
    if ((await session.rows(`SELECT 1 FROM ${table} LIMIT 1`)).length > 0) found.push(forgetKept(table));
  }
  return found;
}

/** What was excluded from claims that are gone. */
async function excludedStatements(session: Session, prefix: string): Promise<readonly string[]> {
  if ((await readVersion(session, prefix)) < PARKING_VERSION) return [];
  const { claims, parking } = captureTables(prefix);
  const gone = `FROM ${parking.excluded} AS x WHERE NOT EXISTS (SELECT 1 FROM ${claims} AS c WHERE c.transfer = x.transfer AND c.lane = x.lane AND c.claim = x.claim)`;
  const found = await session.rows(`SELECT 1 ${gone} LIMIT 1`);
  return found.length > 0 ? [`DELETE ${gone}`] : [];
}

/** Layouts of before whose events are gone go with their tables. */
async function unusedStatements(
  session: Session,
  prefix: string,
  unused: readonly (readonly unknown[])[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [number, layout] of unused) {
    const place = [Number(number), Number(layout)] as const;
    const rows = rowsTable(prefix, ...place);
    if ((await session.rows(`SELECT 1 FROM ${rows} LIMIT 1`)).length > 0) continue;
    found.push(
      `DROP TABLE IF EXISTS ${rows}`,
      `DROP TABLE IF EXISTS ${oldTable(prefix, ...place)}`,
      `DELETE FROM ${captureTables(prefix).layouts} WHERE number = ${place[0]} AND layout = ${place[1]}`,
    );
  }
  return found;
}

/** Runs it on the writing connection; null where another connection holds the lock of the file for longer than a moment. */
async function unlessBusy<K extends OperationName>(
  pool: Pool,
  call: { readonly operation: K; readonly input: Operations[K]['input'] },
  signal: AbortSignal,
): Promise<Operations[K]['answer'] | null> {
  const lease = await pool.write(signal);
  try {
    const answer = await lease.thread.call(call.operation, call.input, { signal });
    lease.release();
    return answer;
  } catch (error) {
    await lease.discard();
    if (isSluiceError(error) && error.details.vendorCode?.startsWith('SQLITE_BUSY') === true) return null;
    throw error;
  }
}

/** Claims first, then events that no claim holds, each step in a short transaction of its own: whatever is left comes next time. */
export async function housekeep(
  { pool, prefix }: CaptureFile,
  retentionMs: number,
  signal: AbortSignal,
): Promise<number> {
  const before = new Date(Date.now() - retentionMs).toISOString();
  const { claims } = captureTables(prefix);
  const old = `FROM ${claims} WHERE confirmed_at <= ?`;
  const expired = await reading(pool, signal, async (session) => {
    await requireInstalled(session, prefix);
    return (await session.rows(`SELECT 1 ${old} LIMIT 1`, [before])).length > 0;
  });
  const run = (sql: string, values: readonly string[] = []) =>
    unlessBusy(pool, { operation: 'transaction', input: [{ sql, values }] }, signal);
  if (expired && (await run(`DELETE ${old}`, [before])) === null) return 0;
  const { rules, uptoId, statements } = await reading(pool, signal, (session) =>
    readRules(session, prefix, retentionMs),
  );
  let freed = 0;
  for (let afterId: bigint | null = 0n; afterId !== null; ) {
    const input: Operations['freeEvents']['input'] = { prefix, rules, afterId, uptoId };
    const done: Operations['freeEvents']['answer'] | null = await unlessBusy(
      pool,
      { operation: 'freeEvents', input },
      signal,
    );
    if (done === null) return freed;
    freed += done.freed;
    afterId = done.after;
  }
  for (const sql of statements) if ((await run(sql)) === null) break;
  return freed;
}
