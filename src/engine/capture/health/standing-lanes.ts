import type { StandingLane, StandingLoad } from '../../ports/capture-inspector.ts';
import type { Backlog } from '../../ports/change-capture.ts';
import { NO_BACKLOG } from '../backlogs.ts';
import { decodeNumbers } from '../lane-tables.ts';

type Rows = readonly (readonly (string | null)[])[];

/**
 * Lanes of all transfers from what a database has of them.
 * @param rows  transfer, lane, numbers of tables as `1,2,5`, epoch, sealed, confirmed, and when a claim moved last
 * @param backlogsOf  of a transfer, by its lanes
 */
export async function standingLanes(
  rows: Rows,
  backlogsOf: (transfer: string) => Promise<ReadonlyMap<number, Backlog>>,
): Promise<readonly StandingLane[]> {
  const backlogs = new Map<string, ReadonlyMap<number, Backlog>>();
  for (const name of new Set(rows.map(([transfer]) => transfer ?? '')))
    backlogs.set(name, await backlogsOf(name));
  return rows.map(([transfer, lane, tables, epoch, sealed, confirmed, movedAt = null]) => ({
    transfer: transfer ?? '',
    lane: Number(lane),
    tables: decodeNumbers(tables),
    owner: epoch || null,
    sealed: Number(sealed),
    confirmed: Number(confirmed),
    movedAt,
    backlog: backlogs.get(transfer ?? '')?.get(Number(lane)) ?? NO_BACKLOG,
  }));
}

/** @param rows  transfer, table, generation, events, and `1` or `t` for one that is done */
export const standingLoads = (rows: Rows): readonly StandingLoad[] =>
  rows.map(([transfer, table, generation, events, isDone]) => ({
    transfer: transfer ?? '',
    table: Number(table),
    generation: Number(generation),
    rows: Number(events),
    isDone: isDone === '1' || isDone === 't',
  }));
