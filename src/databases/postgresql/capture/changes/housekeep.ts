import type { CapturePlace } from '../../../../model/capture-spec.ts';
import { vendorCode } from '../../error-codes.ts';
import type { Session } from '../../pool.ts';
import { type CaptureNames, captureNames, partitionName, PARTITIONS } from '../capture-tables.ts';
import { renderDeleteSome, renderForgetTicks, renderIsNeeded, renderIsNeededSince } from './freeing-sql.ts';
import { forgetClaims } from './lane-state.ts';
import { freeingLock } from './lanes.ts';
import { ALONG_THE_INDEX } from './pending-sql.ts';
import { tick } from './ticks.ts';

/** When another partition is filled: what the one before holds is then freed as one. */
const TURN = { bytes: 64 * 1024 * 1024, ageMs: 1_000 } as const;
const CROWDED_BYTES = 4 * TURN.bytes;
const DELETE = { events: 10_000, times: 20 } as const;
/** Longer than that nobody waits behind us. */
const LOCK_TIMEOUT_MS = 200;

const NOT_AVAILABLE = new Set(['55P03', '40P01']); // lock_timeout, deadlock

/** What all steps are about. */
interface Keeping {
  readonly session: Session;
  readonly place: CapturePlace;
  readonly names: CaptureNames;
  readonly retentionMs: number;
  /** Above it events are deleted one by one where no partition can be emptied as a whole. */
  readonly crowdedBytes: number;
  readonly lockTimeoutMs: number;
}

/**
 * One step in a transaction of its own, alone with the right to free events: a lane that is being registered waits, or is seen. Where
 * that right, or a lock, is not to be had at once the step is left for the next time.
 */
async function step<T>(keeping: Keeping, work: () => Promise<T>, otherwise: T): Promise<T> {
  const { session, names } = keeping;
  await session.query(`BEGIN; SET LOCAL lock_timeout = ${keeping.lockTimeoutMs}`);
  try {
    const mine = await session.cell(`SELECT pg_try_advisory_xact_lock(${freeingLock(names)})`);
    const result = mine === 't' ? await work() : otherwise;
    await session.query('COMMIT');
    return result;
  } catch (error) {
    if (!NOT_AVAILABLE.has(vendorCode(error))) throw error;
    await session.query('ROLLBACK');
    return otherwise;
  }
}

const turnOf = async ({ session, names }: Keeping): Promise<number> =>
  Number(await session.cell(`SELECT last_value FROM ${names.turn}`));

/** With values that are stored outside of their rows. */
const sizeOf = async ({ session, place }: Keeping, turn: number): Promise<number> =>
  Number(await session.cell('SELECT pg_table_size($1::regclass)', [partitionName(place, turn)]));

/** It has no page; what holds rows that nobody sees is none. */
const isEmpty = async ({ session, place }: Keeping, turn: number): Promise<boolean> =>
  (await session.cell('SELECT pg_relation_size($1::regclass)', [partitionName(place, turn)])) === '0';

/** Partitions that are not filled, in the order of their turns. */
const restOf = (filled: number): readonly number[] =>
  Array.from({ length: PARTITIONS - 1 }, (_, index) => ((filled + index) % PARTITIONS) + 1);

/**
 * Empties a partition that holds nothing that is needed. Events come into any partition at any time: of a transaction that read the
 * turn before it was changed, or that is open for long. So what counts is what the partition holds while nobody can write to it
 * (ACCESS EXCLUSIVE waits for all who did), seen by a statement that begins then. To be quick within the lock, all events are looked at
 * before, in a snapshot, and within only those that the snapshot does not see. A reader in an older snapshot would find it
 * empty, and counts (read-claim.ts).
 * @returns events that were freed
 */
async function empty(keeping: Keeping, turn: number): Promise<number> {
  const { session, place, names, retentionMs } = keeping;
  const partition = partitionName(place, turn);
  if (await isEmpty(keeping, turn)) return 0;
  const since = (await session.cell('SELECT txid_current_snapshot()')) ?? '';
  if ((await session.cell(renderIsNeeded(names, partition, retentionMs))) === 't') return 0;
  const events = Number(await session.cell(`SELECT count(*) FROM ${partition}`));
  const truncate = async (): Promise<number> => {
    await session.query(`LOCK TABLE ${partition} IN ACCESS EXCLUSIVE MODE; ${ALONG_THE_INDEX}`);
    if ((await turnOf(keeping)) === turn) return 0;
    const late = renderIsNeededSince(names, partition, { retentionMs, since });
    if ((await session.cell(late)) === 't') return 0;
    await session.query(`TRUNCATE ${partition}`);
    return events;
  };
  return step(keeping, truncate, 0);
}

/** Whether the partition that is filled holds enough, or something that is old. */
async function isDue(keeping: Keeping, filled: number): Promise<boolean> {
  if ((await sizeOf(keeping, filled)) >= TURN.bytes) return true;
  const oldest = `SELECT at < clock_timestamp() - ${TURN.ageMs} * interval '1 millisecond' FROM ${partitionName(keeping.place, filled)} ORDER BY id LIMIT 1`;
  return (await keeping.session.cell(oldest)) === 't';
}

/** Fills another partition, the next one that is empty: one that a slow lane keeps is passed over. */
async function fillNext(keeping: Keeping): Promise<void> {
  const { session, names } = keeping;
  const filled = await turnOf(keeping);
  if (!(await isDue(keeping, filled))) return;
  for (const next of restOf(filled)) {
    if (!(await isEmpty(keeping, next))) continue;
    // Told to all at once, whatever becomes of this transaction; no lock, so nobody waits.
    await session.query('SELECT setval($1::regclass, $2)', [names.turn, next]);
    return;
  }
}

/**
 * Where a slow lane keeps the partitions from being emptied, the events that nobody needs are deleted: the space is used again
 * when the partition's turn comes, and what its lanes keep is all that stays.
 */
async function deleteSome(keeping: Keeping): Promise<number> {
  const { session, place, names, retentionMs } = keeping;
  const filled = await turnOf(keeping);
  if ((await sizeOf(keeping, filled)) < keeping.crowdedBytes) return 0;
  let freed = 0;
  for (const rest of restOf(filled)) {
    const statement = renderDeleteSome(names, partitionName(place, rest), {
      retentionMs,
      most: DELETE.events,
    });
    for (let time = 0; time < DELETE.times; time += 1) {
      const count = await step(keeping, async () => (await session.query(statement)).count, 0);
      freed += count;
      if (count < DELETE.events) break;
    }
  }
  return freed;
}

async function emptyRest(keeping: Keeping): Promise<number> {
  let freed = 0;
  for (const rest of restOf(await turnOf(keeping))) freed += await empty(keeping, rest);
  return freed;
}

/**
 * See ChangeCapture.housekeep. Partitions are filled in turn, and emptied by TRUNCATE, which leaves nothing to vacuum; none is ever
 * dropped or detached. Any number may do it at once, and each step may be the last one: all of them are right by themselves.
 */
export async function housekeep(
  session: Session,
  place: CapturePlace,
  options: Pick<Keeping, 'retentionMs'> & Partial<Pick<Keeping, 'crowdedBytes' | 'lockTimeoutMs'>>,
): Promise<number> {
  const names = captureNames(place);
  const limits = { crowdedBytes: CROWDED_BYTES, lockTimeoutMs: LOCK_TIMEOUT_MS };
  const keeping: Keeping = { session, place, names, ...limits, ...options };
  await tick(session, names); // what a partition got since is found from here on
  await step(keeping, () => forgetClaims(session, names, keeping.retentionMs), undefined);
  let freed = await emptyRest(keeping);
  await step(keeping, () => fillNext(keeping), undefined);
  freed += await emptyRest(keeping); // the one that was filled until now, too
  freed += await deleteSome(keeping);
  await step(keeping, () => session.query(renderForgetTicks(names)), undefined);
  return freed;
}
