import { between, type Run } from '../../../../engine/capture/id-runs.ts';
import type { Needing } from '../../../../engine/capture/lane-tables.ts';
import type { Pool } from '../../connections/pool.ts';
import { WAIT_SECONDS } from '../../connections/pins.ts';
import type { Session } from '../../connections/session.ts';
import { vendorCode } from '../../error-codes.ts';
import type { CaptureNames } from '../capture-names.ts';
import { renderContents, renderPartitions } from '../sql/claims-sql.ts';
import { renderDropPartition, renderLockTimeout } from '../sql/keeper-sql.ts';
import { keepingLock } from './keeping-lock.ts';
import { readNeeds } from './needs.ts';

/** A partition, and which ids it may have. */
export interface Partition {
  readonly name: string;
  readonly ids: Run;
}

/** In the order of their ids; none of the heap form. Without the first one, which is empty and stays. */
export async function readPartitions(session: Session, names: CaptureNames): Promise<readonly Partition[]> {
  const { rows } = await session.run(renderPartitions(names));
  const bounds = rows.map(([name, high]) => ({ name: name ?? '', end: BigInt((high ?? '0').trim()) }));
  return bounds
    .slice(1)
    .map(({ name, end }, at) => ({ name, ids: { from: bounds[at]?.end ?? 0n, to: end - 1n } }));
}

const isNeeded = (lanes: readonly Needing[], { from, to }: Run): boolean =>
  lanes.some(({ needed }) => between(needed, from, to).length > 0);

/** Somebody writes there, or the partition is gone already. */
const LEFT_ALONE = new Set(['ORA-00054', 'ORA-14006', 'ORA-14758', 'ORA-04021']);

/** Events that lie there; null: some of them are of tables that nobody takes, and too young. */
async function contentsOf(
  session: Session,
  names: CaptureNames,
  { ids, taken, retentionMs }: { ids: Run; taken: ReadonlySet<number>; retentionMs: number },
): Promise<number | null> {
  const { rows } = await session.query(renderContents(names), {
    fromId: String(ids.from),
    toId: String(ids.to),
    ageMs: String(Math.round(retentionMs)),
  });
  const isYoung = rows.some(([number, , isOld]) => !taken.has(Number(number)) && isOld !== '1');
  return isYoung ? null : rows.reduce((sum, [, count]) => sum + Number(count), 0);
}

async function dropOne(session: Session, names: CaptureNames, name: string): Promise<boolean> {
  try {
    await session.query(renderDropPartition(names), { name });
    return true;
  } catch (error) {
    if (LEFT_ALONE.has(vendorCode(error))) return false;
    throw error;
  }
}

/**
 * Drops partitions of which nobody needs an event any more: below all that any lane has still to look at, with every claim that had one of
 * them expired, and what no transfer takes old enough. Never the last one, which is written to. No id of a gap lies there, so nobody can
 * come and write one that a lane waits for. Alone with the right to begin a lane: one that begins meanwhile would wait for
 * events that are not committed yet; where the server gives no locks nothing is dropped. @returns events that were freed
 */
export function dropFreePartitions(
  pool: Pool,
  names: CaptureNames,
  retentionMs: number,
  signal: AbortSignal,
): Promise<number> {
  return pool.locked(
    keepingLock(names),
    async (session, granted) => {
      if (!granted) return 0;
      const partitions = (await readPartitions(session, names)).slice(0, -1);
      let freed = 0;
      await session.query(renderLockTimeout(0));
      for (const { name, ids } of partitions) {
        signal.throwIfAborted();
        const lanes = await readNeeds(session, names, retentionMs);
        if (isNeeded(lanes, ids)) continue;
        const taken = new Set(lanes.flatMap(({ tables }) => tables));
        const events = await contentsOf(session, names, { ids, taken, retentionMs });
        if (events !== null && (await dropOne(session, names, name))) freed += events;
      }
      await session.query(renderLockTimeout(WAIT_SECONDS));
      return freed;
    },
    signal,
  );
}
