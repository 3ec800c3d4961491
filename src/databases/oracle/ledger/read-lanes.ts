import { laneOfCells } from '../../../engine/driver/lane-cells.ts';
import type { LaneProgress, LaneRef } from '../../../model/lane.ts';
import type { Session } from '../connections/session.ts';
import { laneBinds, type LedgerNames, runBinds, tableBinds } from './ledger-sql.ts';
import { laneOf, lanesOfTable, progressOfRun } from './run-sql.ts';

const toProgress = laneOfCells('1');

/** The lane as the session's transaction sees it. */
export async function readLane(
  session: Session,
  names: LedgerNames,
  lane: LaneRef,
): Promise<LaneProgress | null> {
  const { rows } = await session.query(laneOf(names), laneBinds(lane));
  return rows[0] ? toProgress(rows[0]) : null;
}

/** Lanes of the newest generation, in lane order. */
export async function readLanes(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number; readonly table: string },
): Promise<readonly LaneProgress[]> {
  const { rows } = await session.query(lanesOfTable(names), tableBinds(ref));
  return rows.map(toProgress);
}

export async function readProgress(
  session: Session,
  names: LedgerNames,
  ref: { readonly transfer: string; readonly run: number },
) {
  const { rows } = await session.query(progressOfRun(names), runBinds(ref));
  return rows.map(([table, ...counts]) => {
    const [generation = 0, lanes = 0, endedLanes = 0, count = 0, bytes = 0] = counts.map(Number);
    return { table: table ?? '', generation, lanes, endedLanes, rows: count, bytes };
  });
}
