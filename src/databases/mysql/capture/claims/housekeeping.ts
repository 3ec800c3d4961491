import {
  contains,
  decodeRuns,
  type Run,
  type Runs,
  runsOf,
  unite,
  without,
} from '../../../../engine/capture/id-runs.ts';
import { bySharing, decodeNumbers, type Needing } from '../../../../engine/capture/lane-tables.ts';
import type { Session } from '../../connections/session.ts';
import { literal } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-tables.ts';
import { decodeLooked, renderRunsAhead } from './gaps.ts';
import { inSnapshot } from './lanes.ts';
import { chunksOf, renderIds } from './render-runs.ts';

const EVENTS_A_DELETE = 10_000n;
const EVENTS_A_PAGE = 10_000;
const CLAIMS_A_ROUND = 200;

/** In SQL: confirmed for as long as claims are retained. */
const renderExpired = (retentionMs: number): string =>
  `confirmed_at <= UTC_TIMESTAMP(6) - INTERVAL ${Math.round(retentionMs * 1_000)} MICROSECOND`;

/**
 * What each lane needs: claims that are not expired, gaps, and all behind. Read at one moment, behind the look at the events that may
 * be freed: a lane that begins later has no right to what was there before.
 */
function readNeeds(session: Session, names: CaptureNames, retentionMs: number): Promise<readonly Needing[]> {
  return inSnapshot(session, async () => {
    const { rows: lanes } = await session.query(
      `SELECT transfer, lane, table_numbers, looked FROM ${names.lanes}`,
    );
    const { rows: claims } = await session.query(
      `SELECT transfer, lane, runs FROM ${names.claims} WHERE confirmed_at IS NULL OR NOT ${renderExpired(retentionMs)}`,
    );
    return lanes.map(([transfer, lane, tables, looked]) => {
      const own = claims
        .filter(([of, at]) => of === transfer && at === lane)
        .map(([, , runs]) => decodeRuns(runs ?? ''));
      return {
        transfer: transfer ?? '',
        lane: Number(lane),
        tables: decodeNumbers(tables),
        needed: unite(...own, renderRunsAhead(decodeLooked(looked ?? ''))),
      };
    });
  });
}

/** So that a statement deletes few thousand events. */
function* portionsOf(runs: Runs): Generator<Runs> {
  let portion: Run[] = [];
  let ids = 0n;
  for (const run of runs) {
    for (let { from } = run; from <= run.to; ) {
      const to = run.to - from >= EVENTS_A_DELETE - ids ? from + (EVENTS_A_DELETE - ids) - 1n : run.to;
      portion.push({ from, to });
      ids += to - from + 1n;
      from = to + 1n;
      if (ids < EVENTS_A_DELETE) continue;
      yield portion;
      [portion, ids] = [[], 0n];
    }
  }
  if (portion.length > 0) yield portion;
}

/** By the primary key, of ids that were all seen: there is no row among them that anybody has written and not committed. */
async function freeEvents(
  session: Session,
  names: CaptureNames,
  runs: Runs,
  tables: readonly number[],
): Promise<number> {
  let freed = 0;
  for (const portion of portionsOf(runs)) {
    for (const chunk of chunksOf(portion)) {
      const { count } = await session.query(
        `DELETE FROM ${names.events} WHERE ${renderIds(chunk)} AND table_number IN (${tables.join(',')})`,
      );
      freed += count;
    }
  }
  return freed;
}

/** Frees what expired claims hold and no other lane needs, and then the claims. */
async function freeClaims(
  session: Session,
  names: CaptureNames,
  retentionMs: number,
): Promise<{ readonly freed: number; readonly isDone: boolean }> {
  const { rows } = await session.query(
    `SELECT transfer, lane, claim, runs FROM ${names.claims} WHERE ${renderExpired(retentionMs)} ORDER BY transfer, lane, claim LIMIT ${CLAIMS_A_ROUND}`,
  );
  if (rows.length === 0) return { freed: 0, isDone: true };
  const lanes = await readNeeds(session, names, retentionMs);
  let freed = 0;
  for (const [transfer, lane, claim, text] of rows) {
    const runs = decodeRuns(text ?? '');
    const own = lanes.find((each) => each.transfer === transfer && each.lane === Number(lane));
    for (const { tables, others } of bySharing(own, lanes)) {
      const free = others.reduce<Runs>((left, { needed }) => without(left, needed), runs);
      freed += await freeEvents(session, names, free, tables);
    }
    // Whatever of it is still needed is freed with the claims of whoever needs it.
    await session.query(
      `DELETE FROM ${names.claims} WHERE transfer = ${literal(transfer ?? '')} AND lane = ${lane} AND claim = ${claim}`,
    );
  }
  return { freed, isDone: rows.length < CLAIMS_A_ROUND };
}

/** Frees events that no claim leads to: of tables that no lane has, when they are old, and what lanes left that are gone. */
async function sweep(session: Session, names: CaptureNames, retentionMs: number): Promise<number> {
  let freed = 0;
  for (let after = '0'; ; ) {
    const { rows } = await session.query(
      `SELECT id, table_number, recorded_at <= UTC_TIMESTAMP(6) - INTERVAL ${Math.round(retentionMs * 1_000)} MICROSECOND
       FROM ${names.events} WHERE id > ${after} ORDER BY id LIMIT ${EVENTS_A_PAGE}`,
    );
    if (rows.length === 0) return freed;
    const lanes = await readNeeds(session, names, retentionMs);
    const byTable = new Map<number, bigint[]>();
    for (const [text, number, isOld] of rows) {
      const [id, table] = [BigInt(text ?? 0), Number(number)];
      const takers = lanes.filter(({ tables }) => tables.includes(table));
      const isFree =
        takers.length === 0 ? isOld === '1' : takers.every(({ needed }) => !contains(needed, id));
      if (!isFree) continue;
      const ids = byTable.get(table) ?? [];
      byTable.set(table, ids);
      ids.push(id);
    }
    for (const [table, ids] of byTable) freed += await freeEvents(session, names, runsOf(ids), [table]);
    after = rows.at(-1)?.[0] ?? after;
  }
}

/** Whether there may be events that no claim leads to. */
async function hasUntaken(session: Session, names: CaptureNames): Promise<boolean> {
  const { rows: lanes } = await session.query(`SELECT table_numbers FROM ${names.lanes}`);
  const taken = new Set(lanes.flatMap(([tables]) => decodeNumbers(tables)));
  const { rows: tables } = await session.query(`SELECT number FROM ${names.tables}`);
  return tables.some(([number]) => !taken.has(Number(number)));
}

/**
 * See ChangeCapture.housekeep. Each statement commits by itself; whoever dies in between leaves what the next one finds again. Nothing
 * is locked but events that nobody needs, and those nobody else locks.
 */
export async function housekeep(
  session: Session,
  names: CaptureNames,
  retentionMs: number,
  signal: AbortSignal,
): Promise<number> {
  let freed = 0;
  for (let isDone = false; !isDone; ) {
    signal.throwIfAborted();
    const round = await freeClaims(session, names, retentionMs);
    freed += round.freed;
    ({ isDone } = round);
  }
  const { rows } = await session.query(`SELECT left_behind, swept FROM ${names.installation}`);
  const [leftBehind, swept] = rows[0] ?? [];
  if (leftBehind === swept && !(await hasUntaken(session, names))) return freed;
  freed += await sweep(session, names, retentionMs);
  // What was left behind meanwhile is for the next one.
  await session.query(`UPDATE ${names.installation} SET swept = ${leftBehind}`);
  return freed;
}
