import type { ChangeCapture } from '../../ports/change-capture.ts';
import type { Quarantine } from '../../ports/quarantine.ts';

export interface ChangesOfTable {
  readonly changes: Pick<ChangeCapture, 'backlog'>;
  readonly quarantine: Pick<Quarantine, 'list'> | undefined;
  readonly transfer: string;
  readonly table: string;
}

/** What tells a difference from a change that is on its way, or was refused and is set apart: before the comparison, or behind it. */
export async function pendingChanges(
  { changes, quarantine, transfer, table }: ChangesOfTable,
  signal: AbortSignal,
): Promise<(signal: AbortSignal) => Promise<boolean>> {
  const isParked = async (stop: AbortSignal): Promise<boolean> =>
    ((await quarantine?.list(transfer, { table }, { limit: 1, after: null }, stop)) ?? []).length > 0;
  // What heals while rows are compared was missing when they were read.
  const wasParked = await isParked(signal);
  return async (stop) =>
    wasParked || (await changes.backlog(transfer, stop)).oldestAt !== null || (await isParked(stop));
}
