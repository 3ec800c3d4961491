import {
  between,
  contains,
  decodeRuns,
  LAST_ID,
  type Runs,
  runsOf,
  without,
} from '../../../../engine/capture/id-runs.ts';
import { bySharing, decodeNumbers, encodeNumbers } from '../../../../engine/capture/lane-tables.ts';
import { COMMIT, type Pool } from '../../connections/pool.ts';
import type { Session } from '../../connections/session.ts';
import { inCapture } from '../capture-errors.ts';
import type { CaptureNames } from '../capture-names.ts';
import {
  renderDeleteClaim,
  renderDeleteEvents,
  renderExpiredClaims,
  renderNumbers,
  renderSweep,
  renderSwept,
  renderTaken,
} from '../sql/claims-sql.ts';
import { renderInstalled } from '../sql/install-sql.ts';
import { laneBinds } from './lanes.ts';
import { readNeeds } from './needs.ts';
import { dropFreePartitions, readPartitions } from './partitions.ts';

const RUNS_A_STATEMENT = 1_000;
const EVENTS_A_PAGE = 10_000;
const CLAIMS_A_ROUND = 200;
/**
 * In a partition events are deleted one by one only when they are so old: it is dropped as a whole where more of them come, which costs
 * nothing, and there is no index by which to find them.
 */
const CROWD_MS = 3_600_000;

interface Keeping {
  readonly session: Session;
  readonly names: CaptureNames;
  readonly retentionMs: number;
  readonly isPartitioned: boolean;
  /** Ids that partitions may have; of the heap all. */
  readonly there: Runs;
}

const ageOf = ({ retentionMs, isPartitioned }: Keeping): number =>
  isPartitioned ? Math.max(retentionMs, CROWD_MS) : retentionMs;

/** Ids that were all seen: there is no row among them that anybody has written and not committed. Commits. */
async function freeEvents(
  { session, names }: Keeping,
  runs: Runs,
  tables: readonly number[],
): Promise<number> {
  let freed = 0;
  for (let at = 0; at < runs.length; at += RUNS_A_STATEMENT) {
    const binds = runs
      .slice(at, at + RUNS_A_STATEMENT)
      .map(({ from, to }) => ({ fromId: String(from), toId: String(to) }));
    const counts = await session.texts(renderDeleteEvents(names, encodeNumbers(tables)), binds);
    freed += counts.reduce((sum, count) => sum + count, 0);
    await session.query(COMMIT);
  }
  return freed;
}

/** Frees what expired claims hold and no other lane needs, and then the claims. */
async function freeClaims(keeping: Keeping, ageMs: number): Promise<{ freed: number; isDone: boolean }> {
  const { session, names, retentionMs } = keeping;
  const { rows } = await session.query(renderExpiredClaims(names), {
    ageMs: String(Math.round(ageMs)),
    most: String(CLAIMS_A_ROUND),
  });
  if (rows.length === 0) return { freed: 0, isDone: true };
  const lanes = await readNeeds(session, names, retentionMs);
  let freed = 0;
  for (const [transfer, lane, claim, text] of rows) {
    const runs = decodeRuns(text ?? '');
    const own = lanes.find((each) => each.transfer === transfer && each.lane === Number(lane));
    for (const { tables, others } of bySharing(own, lanes)) {
      const free = others.reduce<Runs>((left, { needed }) => without(left, needed), runs);
      const left = keeping.there.flatMap(({ from, to }) => between(free, from, to));
      freed += await freeEvents(keeping, left, tables);
    }
    // Whatever of it is still needed is freed with the claims of whoever needs it.
    const binds = { ...laneBinds({ transfer: transfer ?? '', lane: Number(lane) }), claim: claim ?? '' };
    await session.query(renderDeleteClaim(names), binds);
  }
  await session.query(COMMIT);
  return { freed, isDone: rows.length < CLAIMS_A_ROUND };
}

/** Claims whose partitions are gone. */
async function forgetClaims({ session, names, retentionMs, there }: Keeping): Promise<void> {
  const { rows } = await session.query(renderExpiredClaims(names), {
    ageMs: String(Math.round(retentionMs)),
    most: String(CLAIMS_A_ROUND),
  });
  for (const [transfer, lane, claim, text] of rows) {
    const runs = decodeRuns(text ?? '');
    if (there.some(({ from, to }) => between(runs, from, to).length > 0)) continue;
    const binds = { ...laneBinds({ transfer: transfer ?? '', lane: Number(lane) }), claim: claim ?? '' };
    await session.query(renderDeleteClaim(names), binds);
  }
  await session.query(COMMIT);
}

/**
 * Frees events that no claim leads to: of tables that no lane has, when they are old, and what lanes left that are gone. `isDone`:
 * none was left because it is young.
 */
async function sweep(keeping: Keeping): Promise<{ freed: number; isDone: boolean }> {
  const { session, names, retentionMs } = keeping;
  let freed = 0;
  let isDone = true;
  for (const { from, to } of keeping.there) {
    for (let at = from; at <= to; ) {
      const { rows } = await session.query(renderSweep(names), {
        fromId: String(at),
        toId: String(to),
        ageMs: String(Math.round(ageOf(keeping))),
        most: String(EVENTS_A_PAGE),
      });
      if (rows.length === 0) break;
      const lanes = await readNeeds(session, names, retentionMs);
      const byTable = new Map<number, bigint[]>();
      for (const [text, number, isOld] of rows) {
        const [id, table] = [BigInt(text ?? 0), Number(number)];
        const takers = lanes.filter(({ tables }) => tables.includes(table));
        if (takers.some(({ needed }) => contains(needed, id))) continue;
        const mayGo = isOld === '1' || (takers.length > 0 && !keeping.isPartitioned);
        isDone &&= mayGo;
        if (!mayGo) continue;
        const ids = byTable.get(table) ?? [];
        byTable.set(table, ids);
        ids.push(id);
      }
      for (const [table, ids] of byTable) freed += await freeEvents(keeping, runsOf(ids), [table]);
      at = BigInt(rows.at(-1)?.[0] ?? to) + 1n;
    }
  }
  return { freed, isDone };
}

/** Whether there may be events that no claim leads to. */
async function hasUntaken({ session, names }: Keeping): Promise<boolean> {
  const lanes = await session.query(renderTaken(names));
  const taken = new Set(lanes.rows.flatMap(([numbers]) => decodeNumbers(numbers)));
  const tables = await session.query(renderNumbers(names));
  return tables.rows.some(([number]) => !taken.has(Number(number)));
}

async function keep(keeping: Keeping, signal: AbortSignal): Promise<number> {
  const { session, names, isPartitioned } = keeping;
  let freed = 0;
  if (isPartitioned) await forgetClaims(keeping);
  for (let isDone = false; !isDone; ) {
    signal.throwIfAborted();
    const round = await freeClaims(keeping, ageOf(keeping));
    freed += round.freed;
    ({ isDone } = round);
  }
  const { rows } = await session.query(renderInstalled(names));
  const [, , leftBehind, upto] = rows[0] ?? [];
  if (leftBehind === upto && !(await hasUntaken(keeping))) return freed;
  const swept = await sweep(keeping);
  // What was left behind meanwhile is for the next one.
  if (swept.isDone) {
    await session.query(renderSwept(names), { leftBehind: leftBehind ?? '0' });
    await session.query(COMMIT);
  }
  return freed + swept.freed;
}

/**
 * See ChangeCapture.housekeep. Each statement commits by itself; whoever dies in between leaves what the next one finds again. Nothing
 * is locked but events that nobody needs, and partitions of such, for which it waits for nobody.
 */
export async function housekeep(
  pool: Pool,
  names: CaptureNames,
  retentionMs: number,
  signal: AbortSignal,
): Promise<number> {
  const context = inCapture(names);
  const find = () => pool.use((session) => readPartitions(session, names), signal, context);
  const isPartitioned = (await find()).length > 0;
  const dropped = isPartitioned ? await dropFreePartitions(pool, names, retentionMs, signal) : 0;
  const there = isPartitioned ? (await find()).map(({ ids }) => ids) : [{ from: 1n, to: LAST_ID }];
  const freed = await pool.use(
    (session) => keep({ session, names, retentionMs, isPartitioned, there }, signal),
    signal,
    context,
  );
  return dropped + freed;
}
