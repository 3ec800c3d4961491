import type { CaptureFacts, StandingLane, StandingLoad } from '../../ports/capture-inspector.ts';
import type { Backlog } from '../../ports/change-capture.ts';
import { NO_BACKLOG } from '../backlogs.ts';
import { decodeNumbers } from '../lane-tables.ts';
import { loadOfCells } from '../loads/stored-load.ts';

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

/** @param rows  transfer, and the cells of loadOfCells */
export const standingLoads = (rows: readonly (readonly unknown[])[], yes: unknown): readonly StandingLoad[] =>
  rows.map(([transfer, ...load]) => ({ transfer: String(transfer), ...loadOfCells(yes)(load) }));

export const renderStandingLoads = (loads: string): string =>
  `SELECT transfer, table_number, generation, events, is_done FROM ${loads} ORDER BY transfer, table_number`;

/** Layout of the installation from which on there are loads. */
const LOADS_VERSION = 2;

/** What a capture is made of. Each part is asked for by itself, one after the other: nothing needs that they are of one moment. */
export async function captureFacts(
  layout: CaptureFacts['layout'],
  parts: { readonly [Part in Exclude<keyof CaptureFacts, 'layout'>]: () => Promise<CaptureFacts[Part]> },
): Promise<CaptureFacts> {
  return {
    layout,
    lanes: await parts.lanes(),
    staging: await parts.staging(),
    loads: layout.installed >= LOADS_VERSION ? await parts.loads() : [],
    longest: await parts.longest(),
  };
}
